# ruff: noqa: E501 - patterns and sentences are tables: a row is a line
"""What kind of work a question asks for, by rules over its words (English and Chinese)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "summary", "list", "compare", "where", "smalltalk"]
Topic = Literal["greeting", "thanks", "bye", "about"]


@dataclass(frozen=True, slots=True)
class Plan:
    """`topic`: what a summary, list or search is about ("" for all), or which small talk; `sides`: of a comparison."""

    kind: Kind
    topic: str = ""
    sides: tuple[str, ...] = ()


_END = r"[\s.!?,;:。！？，；~～…]*"
_SMALLTALK_WORDS: tuple[tuple[Topic, str], ...] = (
    (
        "greeting",
        r"(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day))(?: there| all| everyone)?"
        r"|how are you(?: doing)?(?: today)?|您好|你好|嗨|哈[喽啰]|早上好|上午好|下午好|晚上好|早安|您好吗|你好[吗呀啊]",
    ),
    (
        "thanks",
        r"(?:many )?thanks?(?: you)?(?: (?:so|very) much| a lot| again)?|thank you(?: (?:so|very) much| again)?|thx|ty|cheers"
        r"|great|perfect|ok(?:ay)?(?:,? thanks?(?: you)?)?|(?:非常|多|太)?感?谢(?:谢|您|你|了)*|谢谢(?:你|您|啦|了)?|好的|辛苦了",
    ),
    ("bye", r"(?:good ?)?bye(?:[ -]bye)?|see you(?: later)?|good night|再见|拜拜|晚安"),
    (
        "about",
        r"who are you|what are you|what is your name|what'?s your name|what can you do(?: for me)?|how do you work"
        r"|how can you help(?: me)?|what do you do|are you (?:a |an )?(?:ai|bot|robot|human|person|chatgpt|model)"
        r"|which model are you|help(?: me)?|tell me about yourself|introduce yourself|what is thickshell|what'?s thickshell"
        r"|(?:请问)?[你您](?:到底)?是(?:谁|什么|机器人吗|人吗|哪个模型)|[你您]叫什么(?:名字)?|[你您](?:能|可以|会)(?:为我|帮我)?(?:做|干)(?:些|点)?(?:什么|啥)"
        r"|[你您]有(?:什么|哪些)功能|(?:请)?(?:做个|做一下)?(?:自我介绍|介绍一下[你您]自己)(?:一下)?|[你您]怎么(?:用|工作)|帮助",
    ),
)
_SMALLTALK = tuple((topic, re.compile(f"(?:{words}){_END}", re.IGNORECASE)) for topic, words in _SMALLTALK_WORDS)
_POLITE = re.compile(
    r"^\s*(?:(?:hi|hello|hey)[,!.]?\s+)?(?:(?:can|could|would|will) you (?:please )?|please |i want you to |i'd like you to |"
    r"let'?s |请问|请你|请您|请|麻烦(?:你|您)?|帮(?:我|忙)|能(?:不能|否)|可以|你?能)+[,，\s]*",
    re.IGNORECASE,
)
_THIS = (
    r"(?:(?:this|the|that|these|those|my|our|your|all(?: of)?(?: the| my| these)?) )?"
    r"(?:(?:whole |entire |uploaded |attached )?(?:documents?|files?|papers?|reports?|pdfs?|texts?|corpus|pages?|articles?|books?"
    r"|uploads?|collection|contents?)|it|this|these|everything|them|all|here)"
)
_SUMMARY_EN = re.compile(
    r"(?:summari[sz]e|sum up|give (?:me )?(?:a |an |the )?(?:brief |short |quick )?(?:summary|overview|outline|gist)(?: of)?"
    r"|(?:a |the )?(?:brief |short |quick )?(?:summary|overview|outline|gist|tl;?dr)(?: of)?"
    r"|what (?:is|'s) (?:the )?(?:summary|gist|main (?:point|idea|topic|message)s?)(?: of)?"
    r"|what are the (?:main|key) (?:points|ideas|findings|takeaways|topics)(?: of| in)?)\b[\s:]*(?P<topic>.*)",
    re.IGNORECASE,
)
_ABOUT_EN = re.compile(
    rf"what(?:'s| is| are|’s) (?:in )?{_THIS}(?: (?:all )?about)?|what (?:do|does) {_THIS} (?:say|contain|cover|discuss|talk about)"
    rf"|what (?:is|'s|do (?:i|we|you) have|can i find|is there) (?:in|inside) (?:here|there|{_THIS})"
    rf"|(?:tell me|say something) about {_THIS}|describe {_THIS}|what (?:documents|files) (?:are (?:here|there)|do (?:i|you|we) have)",
    re.IGNORECASE,
)
_SUMMARY_ZH = re.compile(
    r"(?:(?:总结|概括|概述|归纳|综述|摘要|小结)(?:一下|下)?(?P<topic>.*?)(?:的?(?:要点|重点|内容|大意))?"
    r"|(?P<before>.*?)(?:的)?(?:主要内容|大意|要点|摘要|概要|总结|概述|中心思想)(?:是什么|有哪些|是啥)?"
    r"|(?:这里|这儿|里面|库里|这(?:个|份|篇|些)?(?:文档|文件|资料|文章|报告|材料)(?:里|中|里面)?)(?:都)?(?:有|是|讲|说|写|包含)(?:了|的|的是)?(?:些)?(?:什么|啥|哪些)(?:内容|文档|文件|东西)?"
    r"|(?:这|它|本文)(?:讲|说|是关于)(?:了|的|的是)?(?:些)?(?:什么|啥)(?:的|内容)?)",
)
_LIST_EN = re.compile(
    r"(?:list|enumerate|name|give me|show(?: me)?|find|extract|what are)(?: me)?(?: a list of)? (?:every|all(?: of)?(?: the)?|each)\b(?: single)? (?P<topic>.+)"
    r"|(?:list|enumerate) (?:out )?(?:the |me the )?(?P<plain>.+)|(?:make |give me )?a (?:full |complete )?list of (?:all )?(?:the )?(?P<of>.+)",
    re.IGNORECASE,
)
_LIST_ZH = re.compile(
    r"(?:列出|列举|罗列|找出|提取)(?:来|一下)?(?:所有|全部|每(?:一)?个|文档中|文中|其中|里面)*(?:的)?(?P<topic>.+)"
    r"|(?P<before>.+?)(?:都)?有哪些(?:[，,]?(?:请)?(?:全部|都)?列出(?:来)?)$"
)
_COMPARE_EN = re.compile(
    r"(?:compare|contrast|compare and contrast) (?P<a>.+?) (?:and|with|to|against|versus|vs\.?) (?P<b>.+)"
    r"|(?:what(?:'s| is| are|’s) )?(?:the )?differences? between (?P<c>.+?) and (?P<d>.+)"
    r"|how (?:does|do|did|is|are) (?P<e>.+?) (?:differ|different) from (?P<f>.+)",
    re.IGNORECASE,
)
_COMPARE_ZH = re.compile(
    r"(?:比较|对比)(?:一下|下)?(?P<a>.+?)(?:和|与|跟|同|以及)(?P<b>.+)"
    r"|(?P<c>.+?)(?:和|与|跟|同)(?P<d>.+?)(?:之间)?(?:有(?:什么|何|哪些)|的)?(?:区别|不同|差别|差异|异同)(?:是什么|在哪里|在哪|有哪些|吗)?"
)
_WHERE_EN = re.compile(
    r"(?:where|on (?:which|what) page|in (?:which|what) (?:documents?|files?|sections?|chapters?|pages?|parts?))"
    r" (?:(?:in (?:the|this|my) \w+ )?(?:does|do|did|is|are|was|were|can i|could i))"
    r" ?(?:it|the (?:documents?|files?|reports?|papers?|texts?|authors?)|they|this|i)? ?"
    r"(?:say|says|said|state|stated|mention|mentioned|write|written|talk about|discuss|discussed|describe|described|explain|explained|find|read)"
    r"(?: anything| something)?(?: about| that| of)? (?P<topic>.+)"
    r"|find (?:the )?(?:passages?|places?|sections?|sentences?|paragraphs?) (?:about|on|that|where|which)(?: (?:says?|mentions?|discuss(?:es)?))? (?P<find>.+)"
    r"|where (?:is|are|was|were) (?P<topic2>.+?) (?:mentioned|discussed|described|explained|stated|written|defined)(?: in .*)?",
    re.IGNORECASE,
)
_WHERE_ZH = re.compile(
    r"(?:文中|文档中|文档里|文件中|文件里|资料中|书中|书里)?(?:在)?(?:哪里|哪儿|哪一?页|哪一?段|哪一?章|哪一?节|哪个文件|哪个文档|哪份文件|哪份文档|什么地方|何处)(?:中|里)?"
    r"(?:提到|提及|说到|说明|说|写到|写|讲到|讲|谈到|讨论|描述|介绍|出现)(?:了|过)?(?P<topic>.+)"
    r"|(?P<before>.+?)(?:是|出现|写)?在(?:哪一?页|哪一?段|哪一?章|哪一?节|哪个文件|哪个文档|哪份文件|哪份文档|文(?:中|档中?)(?:的)?(?:哪里|哪儿))(?:中|里)?(?:提到|说|写|讲|出现)?的?"
)


def route(text: str) -> Plan:
    """The kind of work and its object.

    >>> route("Summarise this document"), route("谢谢！").topic, route("compare tea and coffee").sides
    (Plan(kind='summary', topic='', sides=()), 'thanks', ('tea', 'coffee'))
    """
    stripped = text.strip()
    for topic, pattern in _SMALLTALK:
        if pattern.fullmatch(stripped):
            return Plan("smalltalk", topic)
    bare = _POLITE.sub("", stripped).rstrip(" .!?。！？~～") or stripped
    for rule in (_where, _compare, _summary, _list):
        if plan := rule(bare):
            return plan
    return Plan("text")


def _where(text: str) -> Plan | None:
    found = _WHERE_EN.fullmatch(text) or _WHERE_ZH.fullmatch(text)
    return Plan("where", _first(found)) if found else None


def _compare(text: str) -> Plan | None:
    found = _COMPARE_EN.fullmatch(text) or _COMPARE_ZH.fullmatch(text)
    if not found:
        return None
    sides = tuple(part.strip(" ,，的") for part in found.groups() if part)
    return Plan("compare", sides=sides) if all(sides) else None


def _summary(text: str) -> Plan | None:
    if _ABOUT_EN.fullmatch(text):
        return Plan("summary")
    found = _SUMMARY_EN.fullmatch(text) or _SUMMARY_ZH.fullmatch(text)
    if not found:
        return None
    topic = _first(found)
    named = topic[:1].isupper() and " " not in topic  # "Summarise Files": a capital makes a name of it
    return Plan("summary", topic if named or not is_here(topic) else "")


def _list(text: str) -> Plan | None:
    found = _LIST_EN.fullmatch(text) or _LIST_ZH.fullmatch(text)
    return Plan("list", _first(found)) if found else None


_HERE_ZH = re.compile(
    r"(?:这|该|本|那|此|我的|上传的|所有|全部)*(?:个|份|篇|些|本|段)?(?:文档|文件|资料|文章|报告|材料|内容|书|论文|全文|正文|这里|它|这)*(?:里|中|里面)?(?:的)?"
)


def is_here(topic: str) -> bool:
    """Whether the object of a summary is just "this document"."""
    bare = re.sub(r"^(?:of|for|in|from|about)\s+", "", topic.strip(), flags=re.IGNORECASE)
    bare = re.sub(r"\s+(?:in|with) (?:a few|one|two|three|\w+) (?:sentences?|words|paragraphs?|lines?)$", "", bare)
    return bool(re.fullmatch(_THIS + r"(?: for me)?", bare, re.IGNORECASE) or _HERE_ZH.fullmatch(bare) or not bare)


def _first(found: re.Match[str]) -> str:
    return next((part.strip(" ,，:：的") for part in found.groups() if part), "")
