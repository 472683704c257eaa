# ruff: noqa: E501 - patterns and sentences are tables: a row is a line
"""Text in documents is data. Sentences that talk to an assistant are found, marked, and never chosen as an answer."""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.readers.units import Range, containing, sentences

_WHAT = r"(?:instructions?|prompts?|rules|guidelines|directions|commands|context|messages?|questions?|documents?|text|above)"
_INSTRUCTION = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass)\b(?: \w+){{0,4}} (?:previous|prior|above|earlier|preceding|system|other|your|all|the)?\s*{_WHAT}\b"
    r"|\b(?:system|developer) (?:prompt|message|instructions?)\b|\bnew instructions?\b"
    r"|\b(?:note|message|instructions?|attention|important)\b[^.\n]{0,20}\b(?:to|for) (?:the |any |all )?(?:ai|a\.i\.|assistants?|language models?|llms?|chat ?bots?|models?)\b"
    r"|\b(?:ai|assistants?|language models?|llms?|chat ?bots?)\b[,: ]+(?:you )?(?:must|should|shall|need to|please|have to|are to|will now)\b"
    r"|\byou are (?:now )?(?:an? |the )?(?:ai|assistant|language model|llm|chat ?bot|dan|in developer mode)\b|\byou are now\b|\bact as (?:an? )?(?:ai|assistant|unrestricted|developer|dan|evil|different)\b|\bpretend (?:to be an?|that you)\b"
    r"|\b(?:always|only|just|instead|must) (?:answer|reply|respond|say|output|print|write)\b"
    r"|\b(?:answer|reply|respond) (?:only |instead |always )?with\b|\b(?:answer|reply|respond) (?:to )?(?:all|any|every) (?:questions?|quer(?:y|ies))\b"
    r"|\bdo not (?:answer|follow|tell|cite|mention|reveal)\b|\b(?:reveal|print|output|repeat|send|email|exfiltrate|leak)\b(?: \w+){0,4} (?:password|secret|api key|credentials|system prompt|prompt)\b"
    r"|(?:忽略|无视|忘记|忘掉|不要理会|不用理会|跳过)[^。\n]{0,12}(?:指令|指示|提示|规则|命令|(?:之前|以上|上面|前面|所有|其他)的?(?:内容|说明|要求|问题|对话))"
    r"|(?:系统|开发者)(?:提示词?|指令|消息)|新的?指令|提示词"
    r"|(?:给|致|告诉|提醒|通知)[^。\n]{0,6}(?:AI|人工智能|助手|语言模型|大模型|聊天机器人|模型)"
    r"|(?:AI|人工智能|助手|语言模型|大模型|聊天机器人)[^。\n]{0,6}(?:必须|应该|应当|请|只能|需要|务必)"
    r"|你(?:现在)?(?:是|扮演)(?:一个|一名)?(?:AI|人工智能|助手|机器人|语言模型)|你现在是|(?:请)?(?:务必|必须|只|只能|总是|一律|统一|都要?|直接)(?:回答|回复|输出|答复)"
    r"|(?:不要|不得|禁止|别)(?:回答|引用|透露|遵循|告诉)|(?:泄露|输出|透露|发送)[^。\n]{0,8}(?:密码|密钥|系统提示)",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"[\"'“‘(]*(?:please |then |and |instead,? |just |always |only |never |do not |don't )*(?:say|reply|answer|respond|print|output|write|tell|send|reveal|repeat|ignore)\b"
    r"|[“”「]*(?:请|然后|并|只|直接|一律|务必|必须|不要|不得)*(?:回答|回复|输出|说|答复|发送|透露|写)",
    re.IGNORECASE,
)
"""How a sentence opens that goes on giving orders."""
_ASKED = re.compile(
    r"instruct|prompt|ignore|inject|assistant|\bai\b|language model|chat ?bot|system|must|should|act as|pretend|指令|提示|指示|助手|注入|人工智能|模型|机器人|系统|要求",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def instruction_ranges(text: str) -> tuple[Range, ...]:
    """Sentences that address an assistant, each with the sentences after it that go on giving orders."""
    all_sentences = sentences(text)
    marked: list[Range] = []
    for match in _INSTRUCTION.finditer(text):
        start, end = containing(all_sentences, match.start(), match.end())
        for after in (part for part in all_sentences if part[0] >= end):
            if not _ORDER.match(text, after[0]):
                break
            end = after[1]
        marked.append((start, end))
    return tuple(marked)


def asks_about_instructions(question: str) -> bool:
    """Whether a question is itself about instructions, so that quoting them answers it."""
    return bool(_ASKED.search(question))
