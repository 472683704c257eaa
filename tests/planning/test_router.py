"""Which kind of work a question asks for."""

from __future__ import annotations

import pytest

from assistant.planning.router import Plan, route


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("What is the capital of France?", Plan("text")),
        ("谁发明了电话？", Plan("text")),
        ("name the president", Plan("text")),
        ("Where was Einstein born?", Plan("text")),
        ("战国史模式主打哪两个模式？", Plan("text")),
        ("战国无双3有哪些模式", Plan("text")),
        ("Hello, who won the game?", Plan("text")),
        ("Summarise this document", Plan("summary")),
        ("Could you please summarize the file for me?", Plan("summary")),
        ("What is in here?", Plan("summary")),
        ("what are these documents about?", Plan("summary")),
        ("give me a summary of the annual report", Plan("summary", "the annual report")),
        ("总结", Plan("summary")),
        ("请概括一下这份文档", Plan("summary")),
        ("这里有什么？", Plan("summary")),
        ("这份文档讲了什么", Plan("summary")),
        ("总结一下年度报告", Plan("summary", "年度报告")),
        ("list every country that won", Plan("list", "country that won")),
        ("What are all the risk factors?", Plan("list", "risk factors")),
        ("列出所有的国家", Plan("list", "国家")),
        ("compare tea and coffee", Plan("compare", sides=("tea", "coffee"))),
        ("What is the difference between A and B?", Plan("compare", sides=("A", "B"))),
        ("北京和上海有什么区别", Plan("compare", sides=("北京", "上海"))),
        ("比较一下茶和咖啡", Plan("compare", sides=("茶", "咖啡"))),
        ("where does it say that eggs are bad?", Plan("where", "eggs are bad")),
        ("On which page does the report mention dividends?", Plan("where", "dividends")),
        ("哪一页提到了利润", Plan("where", "利润")),
        ("文中哪里提到了长城？", Plan("where", "长城")),
        ("Hi there!", Plan("smalltalk", "greeting")),
        ("你好", Plan("smalltalk", "greeting")),
        ("thank you very much", Plan("smalltalk", "thanks")),
        ("谢谢！", Plan("smalltalk", "thanks")),
        ("who are you?", Plan("smalltalk", "about")),
        ("你能做什么？", Plan("smalltalk", "about")),
        ("再见", Plan("smalltalk", "bye")),
    ],
)
def test_a_question_goes_where_its_words_point(text: str, plan: Plan) -> None:
    assert route(text) == plan
