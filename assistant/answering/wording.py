# ruff: noqa: E501 - patterns and sentences are tables: a row is a line
"""Every sentence that the assistant itself speaks, in both languages. Quotes keep the language of their document."""

from __future__ import annotations

from assistant.answering.language import Language

_WORDS: dict[str, tuple[str, str]] = {
    "abstain": (
        "The documents do not say. I read the {n} nearest passages. Add a document, or ask in another way.",
        "文档中没有说明。我阅读了最接近的 {n} 段内容。请补充文档，或换一种问法。",
    ),
    "abstain_one": (
        "The documents do not say. I read the nearest passage. Add a document, or ask in another way.",
        "文档中没有说明。我阅读了最接近的 1 段内容。请补充文档，或换一种问法。",
    ),
    "nothing_near": (
        "The documents do not say: no passage shares anything with the question. Add a document, or ask in another way.",
        "文档中没有说明：没有找到与问题相关的内容。请补充文档，或换一种问法。",
    ),
    "empty": (
        "There are no documents here yet. Add some, then ask again.",
        "这里还没有文档。请先添加文档，再提问。",
    ),
    "no_sums": (
        "I cannot work out totals, averages or comparisons from a table yet; the nearest table is “{table}” in {document}.",
        "我还不能根据表格计算合计、平均值或比较大小；最接近的表格是《{document}》中的“{table}”。",
    ),
    "no_sums_unnamed": (
        "I cannot work out totals, averages or comparisons from a table yet; the nearest table is in {document}.",
        "我还不能根据表格计算合计、平均值或比较大小；最接近的表格在《{document}》中。",
    ),
    "no_arithmetic": (
        "I cannot calculate yet; ask for something that stands in your documents.",
        "我还不会计算；请询问文档中写明的内容。",
    ),
    "blank": ("Type a question first.", "请先输入问题。"),
    "stopped": ("Stopped.", "已停止。"),
    "unverified": (
        "One quote was not found word for word. It was removed.",
        "有一处引文未能逐字核对，已移除。",
    ),
    "where_one": ("It stands here:", "出处如下："),
    "where_many": ("It stands in {n} places:", "共有 {n} 处："),
    "place": ("{document}, page {page}", "{document}，第 {page} 页"),
    "list": ("I found {n}:", "共找到 {n} 项："),
    "list_partly": (
        "I found {n} in the {read} nearest passages; there may be more:",
        "在最接近的 {read} 段内容中找到 {n} 项，可能还有更多：",
    ),
    "summary": ("{document} in its own sentences:", "《{document}》要点（原文）："),
    "overview": ("There are {n} documents here. What they say of themselves:", "这里有 {n} 份文档，内容如下（原文）："),
    "overview_one": (
        "There is one document here, {document}. In its own sentences:",
        "这里有一份文档《{document}》，要点（原文）：",
    ),
    "overview_more": ("{n} more are not shown.", "另有 {n} 份未列出。"),
    "compare_missing": ("{side}: the documents do not say.", "{side}：文档中没有说明。"),
    "greeting": (
        "Hello. Ask your documents; each number opens the passage behind it.",
        "您好。请向您的文档提问，点击数字可查看原文。",
    ),
    "thanks": ("You are welcome.", "不客气。"),
    "bye": ("Goodbye. The conversation is kept.", "再见。对话已保存。"),
    "about": (
        "I am thickshell, an assistant for your own documents. I answer in their words and show where each one stands, "
        "or say that they do not tell. I can also summarise a document, list things, compare two, and find where something "
        "is said. Everything stays on this machine.",
        "我是 thickshell，帮您查阅自己文档的助手。我用文档原文回答，并标明出处；文档没有说明时会如实告知。"
        "我还可以概括文档、列出项目、比较两者、查找出处。所有数据都留在本机。",
    ),
    "tier_model": (
        "Tier {tier} needs a model, and none is connected; choose tier 3, which answers from your documents without one.",
        "第 {tier} 级需要连接模型，目前没有可用的模型；请选择第 3 级，它无需模型即可根据您的文档回答。",
    ),
    "tier_tuned": (
        "Tier 4, a model tuned on your documents, is not here yet; choose tier 3, which reads them.",
        "第 4 级（用您的文档微调的模型）尚未提供；请选择第 3 级，它会阅读您的文档。",
    ),
    "fell_back": (
        "The model's own words were not found in the documents; these are the documents' words.",
        "模型自己的话在文档中找不到依据；以上是文档原文。",
    ),
    "unborne_n": (
        "{n} of {total} sentences were not found in the documents.",
        "{total} 句中有 {n} 句未在文档中找到依据。",
    ),
    "unborne_only": ("This answer was not found in the documents.", "未在文档中找到此回答的依据。"),
    "ended_length": ("The answer was cut at its longest length.", "回答达到长度上限，已截断。"),
    "ended_loop": ("The model began to repeat itself and was stopped.", "模型开始重复，已停止。"),
    "dropped_one": ("One passage did not fit the model and was left out.", "有 1 段内容超出模型长度，未送入。"),
    "dropped_n": ("{n} passages did not fit the model and were left out.", "有 {n} 段内容超出模型长度，未送入。"),
    "turns_left_out": ("Earlier turns did not fit the model and were left out.", "较早的对话超出模型长度，未送入。"),
    "unchecked": ("Not checked against your documents.", "未与您的文档核对。"),
    "taken_back": (
        "What the model said was not found in the documents. It was taken back.",
        "模型的回答在文档中找不到依据，已撤回。",
    ),
    "otherwise": ("The documents say otherwise:", "文档中的说法不同："),
    "follow_section": ("What does it say about {topic}?", "关于“{topic}”是怎么说的？"),
    "follow_count": ("How many {column} are there for {row}?", "{row}的{column}是多少？"),
    "follow_number": ("What is the {column} for {row}?", "{row}的{column}是多少？"),
    "follow_cell": ("What is the {column} of {row}?", "{row}的{column}是什么？"),
    "follow_summary": ("Summarise {document}", "概括《{document}》"),
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence named `key`, with its blanks filled.

    >>> say("thanks", "zh")
    '不客气。'
    """
    return _WORDS[key][1 if language == "zh" else 0].format(**values)
