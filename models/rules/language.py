"""The language of conditions: its grammar, and how a text becomes an expression. Nothing in it is ever executed."""

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from models.features.former_names import present_name
from models.rules import expression as ex
from schemas.rule_book import RuleError

MAX_CHARACTERS = 1_000
"""Maximum length of a condition."""

MAX_LEVELS = 20
"""Maximum nesting of parentheses and `not`: compilation is recursive."""

GRAMMAR = r"""
?start: either
?either: both ("or" both)*
?both: contrary ("and" contrary)*
?contrary: "not" contrary -> negated | comparison
?comparison: terms
    | terms COMPARISON terms -> compared
    | terms "in" among -> one_of
    | terms "not" "in" among -> none_of
?among: "@" NAME -> of_list | "[" STRING ("," STRING)* "]" -> of_texts
?terms: factors (SIGN factors)*
?factors: value (FACTOR value)*
?value: NUMBER -> number
    | "-" NUMBER -> negative
    | STRING -> text
    | NAME -> name
    | "missing" "(" NAME ")" -> missing
    | "(" either ")"

COMPARISON: "<=" | ">=" | "==" | "!=" | "<" | ">"
SIGN: "+" | "-"
FACTOR: "*" | "/"
NUMBER: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/
STRING: /"([^"\\\n]|\\["\\])*"|'([^'\\\n]|\\['\\])*'/
NAME: /[a-z][a-z0-9_]*/

%ignore /[ \t\r\n]+/
%ignore /#[^\n]*/
"""

_WORDS = {
    **dict.fromkeys(("NUMBER", "STRING", "NAME", "LPAR", "MINUS", "MISSING"), "a value"),
    **dict.fromkeys(("COMPARISON", "SIGN", "FACTOR"), "an operator"),
    "RPAR": ")", "LSQB": "[", "RSQB": "]", "COMMA": ",", "AT": "@list", "$END": "the end",
}  # fmt: skip


def read_condition(text: str) -> ex.Expression:
    """Read a condition.

    Raises
    ------
    RuleError
        It is not of the language, too long or too deep; with the character, counted from 1.
    """
    if len(text) > MAX_CHARACTERS:
        raise RuleError(f"expected a condition of at most {MAX_CHARACTERS:,} characters, got {len(text):,}. Split it.")
    try:
        found: Any = _parser().parse(text)
    except UnexpectedInput as error:
        raise RuleError(_problem(error, text)) from None
    if (levels := _levels(found)) > MAX_LEVELS:
        raise RuleError(f"expected at most {MAX_LEVELS} levels of parentheses and `not`, got {levels}. Split the rule.")
    return found  # type: ignore[no-any-return]


def words_in(text: str) -> set[str]:
    """Return the names of features and columns in a condition, as they are written."""
    without_texts = re.sub(r"#.*|\"[^\"]*\"|'[^']*'|@\w+", " ", text)
    return set(re.findall(r"[a-z][a-z0-9_]*", without_texts))


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", transformer=_Reader(), propagate_positions=False, maybe_placeholders=False)


def _problem(error: UnexpectedInput, text: str) -> str:
    expected: set[str] = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    expected |= set(getattr(error, "allowed", None) or ())
    words = sorted({_WORDS.get(name, name.lower()) for name in expected})
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    index = len(text) if ended else int(error.pos_in_stream or 0)
    got = text[index : index + 12].partition("\n")[0]
    advice = ". Write == to compare." if got.startswith("=") else ""
    return f"expected {', '.join(words)} at character {index + 1}, got {repr(got) if got else 'the end'}{advice}"


def _levels(found: ex.Expression) -> int:
    """Return how deep an expression is; a loop, as what is too deep must not be walked by calls."""
    level, here = 0, [found]
    while here:
        level += 1
        here = [part for expression in here for part in _parts(expression)]
    return level


def _parts(expression: ex.Expression) -> tuple[ex.Expression, ...]:
    match expression:
        case ex.Not(part):
            return (part,)
        case ex.Joined(_, parts):
            return parts
        case ex.Compare(_, left, right):
            return left, right
        case ex.Arithmetic(first, rest):
            return first, *(term for _, term in rest)
        case ex.Among(value):
            return (value,)
        case _:
            return ()


@v_args(inline=True)
class _Reader(Transformer[Token, ex.Expression]):
    """Makes expressions of what the parser finds, as it finds it."""

    def either(self, *parts: ex.Expression) -> ex.Expression:
        return ex.Joined("or", parts)

    def both(self, *parts: ex.Expression) -> ex.Expression:
        return ex.Joined("and", parts)

    def negated(self, part: ex.Expression) -> ex.Expression:
        return ex.Not(part)

    def compared(self, left: ex.Expression, operator: Token, right: ex.Expression) -> ex.Expression:
        return ex.Compare(str(operator), left, right)

    def one_of(self, value: ex.Expression, among: tuple[str, ...] | str) -> ex.Expression:
        return ex.Among(value, among, negated=False)

    def none_of(self, value: ex.Expression, among: tuple[str, ...] | str) -> ex.Expression:
        return ex.Among(value, among, negated=True)

    def of_list(self, name: Token) -> str:
        return str(name)

    def of_texts(self, *texts: Token) -> tuple[str, ...]:
        return tuple(map(_unquoted, texts))

    def terms(self, first: ex.Expression, *rest: Any) -> ex.Expression:
        return ex.Arithmetic(first, tuple(zip(map(str, rest[::2]), rest[1::2], strict=True)))

    factors = terms

    def number(self, token: Token) -> ex.Expression:
        return ex.Number(float(token))

    def negative(self, token: Token) -> ex.Expression:
        return ex.Number(-float(token))

    def text(self, token: Token) -> ex.Expression:
        return ex.Text(_unquoted(token))

    def name(self, token: Token) -> ex.Name:
        return ex.Name(present_name(str(token)), token.column or 0)

    def missing(self, token: Token) -> ex.Expression:
        return ex.Missing(self.name(token))


def _unquoted(token: Token) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1])
