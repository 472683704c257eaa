# ruff: noqa: E501 - patterns are tables: a row is a line
"""Sentences of a model that claim nothing of the documents, narrowly drawn, and those that say: no answer there."""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.answering.terms import terms

_POLITE = re.compile(
    r"(?:hello|hi|hey|sure|certainly|of course|great question|good question|thank you|thanks|you(?:'|’)re welcome|you are welcome)(?: there)?"
    r"|(?:here (?:is|are) )?(?:what i found|the answer|an answer|a (?:short |brief )?summary|the (?:main|key) points)(?: (?:is|are))?"
    r"|(?:according to|based on|from) (?:the|these|your) (?:\w+ )?(?:passages?|documents?|sources?|text)"
    r"|(?:please )?(?:let me know|tell me) if (?:you have|there are|i can) [a-z ]{0,50}|(?:i )?hope (?:this|that) helps"
    r"|(?:in summary|summary|answer|conclusion|in conclusion|sources?|references?|note)"
    r"|您好|你好|好的|当然|谢谢|不客气|(?:根据|依据)(?:这些|以上|上述|所给|提供的|您的)*(?:段落|文档|资料|内容)?|以下是(?:答案|要点|总结|摘要|回答)?|答案(?:如下|是)?|总结(?:如下)?|综上所述|希望(?:对您|对你|这)?有(?:所)?帮助",
    re.IGNORECASE,
)
_SUBJECT = r"(?:(?:the|these|those|your|provided|given|above|numbered|any of the|none of the) )*(?:passages?|documents?|text|context|sources?|information|excerpts?)(?: (?:provided|given|above|here))?"
_REST = r"(?:(?!\b(?:but|though|although|instead|while|whereas|yet|except|because|since|so|and)\b)[^.!?,;:—–\d]){0,120}"
"""What else such a sentence may hold: nothing that could bring a claim of its own."""
_NO_ANSWER = re.compile(
    rf"(?:(?:unfortunately|sorry|i(?:'|’)m sorry|i am sorry|however)[,.]? (?:but )?)?(?:based on {_SUBJECT},? )?"
    rf"(?:{_SUBJECT} (?:do|does|did) not (?:directly |explicitly )?(?:answer|say|contain|mention|provide|state|include|specify|give|tell|address|discuss)\b{_REST}"
    rf"|{_SUBJECT} (?:says?|contains?|mentions?|provides?) (?:nothing|no (?:answer|information|mention))\b{_REST}"
    rf"|none of {_SUBJECT} (?:answers?|says?|contains?|mentions?|provides?)\b{_REST}"
    rf"|(?:there is|i (?:find|found|see)) (?:no|not enough) (?:information|answer|mention)\b{_REST}"
    rf"|(?:it|that|this) (?:is|was) not (?:mentioned|stated|said|specified|answered|given)(?: (?:in|by) {_SUBJECT})?"
    rf"|i (?:do not|don(?:'|’)t) know(?: (?:the answer|from {_SUBJECT}))?|i (?:cannot|can(?:'|’)t|could not) (?:answer|find)\b{_REST})",
    re.IGNORECASE,
)
_NO_ANSWER_ZH = re.compile(
    r"(?:抱歉|对不起|很遗憾)?[，,]?(?:但是?)?(?:根据|从)?(?:这些|以上|上述|所给|提供的|您的|给出的|现有)*(?:段落|文档|资料|文本|内容|信息|上下文)?(?:中|里|内)?[，,]?(?:都|均|并|中)*(?:没有|未|无法|不能)(?:直接|明确)?(?:回答|说明|提到|提及|提供|包含|找到|给出|涉及|得出|确定)(?:(?!但|而|因|所以|不过|然而)[^。！？，,；;：:\d]){0,40}"
    r"|我(?:不知道|无法回答|不清楚)[^。！？，,；;：:\d]{0,20}"
)
_SAYS = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|will|would|may|must|should|not|no)\b|[是有在会能可应不没无]",
    re.IGNORECASE,
)
_EDGE = re.compile(r"^[\s\-*#>•|_`~:=+.]+|[\s*_`|.!,:;。！，：；~…]+$")


@lru_cache(maxsize=1024)
def says_no_answer(sentence: str) -> bool:
    """
    >>> says_no_answer("The passages do not answer this question."), says_no_answer("这些段落没有回答这个问题。")
    (True, True)
    >>> says_no_answer("The passages do not say that 3 died."), says_no_answer("They do not say, but it is Paris.")
    (False, False)
    """
    bare = _EDGE.sub("", sentence)
    return bool(_NO_ANSWER.fullmatch(bare) or _NO_ANSWER_ZH.fullmatch(bare))


def claims_nothing(sentence: str, question: str) -> bool:
    """Greetings, leads ("Here is what I found:"), rules and empty rows; a label with the question's own words.

    Anything with a digit, and anything that is not one of these word for word, claims something.

    >>> claims_nothing("Here is what I found:", ""), claims_nothing("---", ""), claims_nothing("Sure, it is blue.", "")
    (True, True, False)
    >>> claims_nothing("Eiffel Tower:", "How tall is the Eiffel Tower?"), claims_nothing("Berlin:", "How tall is it?")
    (True, False)
    """
    bare = _EDGE.sub("", sentence)
    if not any(c.isalnum() for c in bare):
        return True
    if any(c.isdigit() for c in bare):
        return False
    if _POLITE.fullmatch(bare):
        return True
    label = re.search(r"[:：][\s*_]*$", sentence) is not None
    return label and len(bare) <= 60 and not _SAYS.search(bare) and terms(bare) <= terms(question)
