"""What leaves holds placeholders only, what comes back is byte for byte what went in, and a failure sends nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fintech_ai.privacy.redaction import KnownValues, RedactionFailed, redact, rehydrate
from fintech_ai.privacy.redaction import process as detectors
from fintech_ai.privacy.redaction.engine import PLACEHOLDER
from fintech_ai.privacy.redaction.spans import Span, merged

HOSTILE = [
    "",
    " ",
    "\n\n\t",
    "⟦PERSON_1⟧ pays ⟦CARD_1⟧",
    "⟦⟦PERSON_1⟧⟧",
    "⟦PERSON_1",
    "PERSON_1⟧⟧⟦",
    "⟦PERSON_1.2⟧⟦PERSON_1⟧",
    "\x00\x01\x7f control",
    "e\u0301\u0301\u0301 Jose\u0301 Garci\u0301a",
    "\u202etxet desrever\u202c John Smith",
    "\U000e0041\U000e0042 tag letters \U000e007f",
    "👩‍👩‍👧‍👦 John 👍🏽 Smith 🅰️🅱️",
    "ﷺ ﬀ ǆ ß ŉ İ ı ẞ",
    "𝕁𝕠𝕙𝕟 𝕊𝕞𝕚𝕥𝕙 pays with ４１１１ １１１１ １１１１ １１１１",
    "日本語のテキスト 田中太郎 東京都",
    "مرحبا محمد، رقم ٤١١١ ١١١١ ١١١١ ١١١١",
    "a" * 5000,
    "John Smith " * 400,
    "((((((((((((((((((((((((((((((((",
    "1" * 3000,
    "a@" * 1000,
    "\ud800 lone surrogate",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_it_gives_back_every_byte_of_hostile_text(text):
    known = KnownValues(names=["John Smith", "José García"], cards=["4111111111111111"])

    redaction = redact(text, known=known)

    assert rehydrate(redaction.content, redaction.replacements) == text


def test_a_placeholder_in_the_text_is_never_taken_for_ours():
    text = "Pay ⟦PERSON_1⟧, not John Smith."

    redaction = redact(text, known=KnownValues(names=["John Smith"]))

    assert "⟦PERSON_1⟧, not" not in redaction.content
    assert rehydrate(redaction.content, redaction.replacements) == text
    assert list(redaction.replacements.values()).count("John Smith") == 1


def test_a_value_has_one_placeholder_in_all_texts_of_a_call():
    redaction = redact(
        {"note": "Ask John Smith.", "lines": ["John Smith came", {"deep": "so did John Smith"}]},
        known=KnownValues(names=["John Smith"]),
    )

    assert redaction.content["note"] == "Ask ⟦PERSON_1⟧."
    assert "⟦PERSON_1⟧" in redaction.content["lines"][0]
    assert "⟦PERSON_1⟧" in redaction.content["lines"][1]["deep"]


def test_another_spelling_of_a_value_shares_its_number():
    redaction = redact("john smith, and SMITH, J.", known=KnownValues(names=["John Smith"]))

    assert {name.partition("_")[2].rstrip("⟧").partition(".")[0] for name in redaction.replacements} == {"1"}
    assert len(redaction.replacements) == 2


def test_values_of_other_types_and_keys_stay():
    content = {"John Smith": 1, "amount": 12.5, "none": None, "flag": True, "list": [1, "x"]}

    assert redact(content, known=KnownValues(names=["John Smith"])).content == content


def test_a_known_value_in_a_bare_number_stops_the_call():
    with pytest.raises(RedactionFailed):
        redact({"reference": 4111111111111111}, known=KnownValues(cards=["4111 1111 1111 1111"]))


def test_an_answer_is_rehydrated_in_any_shape_and_invented_placeholders_stay():
    redaction = redact("Write to John Smith", known=KnownValues(names=["John Smith"]))

    answer = rehydrate({"text": "Dear ⟦PERSON_1⟧, not ⟦PERSON_7⟧", "all": ["⟦PERSON_1⟧"]}, redaction.replacements)

    assert answer == {"text": "Dear John Smith, not ⟦PERSON_7⟧", "all": ["John Smith"]}


def test_what_it_masked_is_not_in_its_repr():
    redaction = redact("John Smith", known=KnownValues(names=["John Smith"]))

    assert "Smith" not in repr(redaction)
    assert redaction.counts == {"PERSON": 1}


def test_the_known_values_are_not_in_their_repr():
    assert "Smith" not in repr(KnownValues(names=["John Smith"]))


@pytest.mark.parametrize(
    "text, secret",
    [
        ("Call me on +44 20 7946 0958 tonight", "7946"),
        ("my mail is jane.roe+x@mail.example.org", "jane"),
        ("card 5500 0000 0000 0004 was declined", "5500"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "3704"),
        ("from 203.0.113.77 and 2001:db8::ff00:42:8329", "203"),
        ("SSN 536-90-4399", "536"),
        ("My name is Annika Lindqvist and I live at 14 Elm Grove, Leeds", "Lindqvist"),
        ("born on 3 March 1971", "1971"),
        ("see https://jane.example.com/profile", "jane"),
        ("the token is ghp_16C7e42F292c6912E7710c838347Ae178B4a", "16C7"),
        ("full width ４１１１１１１１１１１１１１１１", "１１１"),
        ("passport no. X1234567", "1234567"),
        ("terminal 00418233112", "00418233112"),
        ("terminal 4111 1111 1111 1111", "1111 1111 1111"),
        ("terminal of Annika Lindqvist", "Lindqvist"),
    ],
)
def test_it_finds_what_the_record_does_not_know(text, secret):
    assert secret not in redact(text).content


@pytest.mark.parametrize(
    "text",
    [
        "Card not present, 3DS failed, MCC 5411, amount 1,284.40 USD.",
        "Five payments within 30 minutes, usual amount 12.40, risk score 0.87.",
        "How long does a refund usually take?",
        "The fee rose by 12% last month.",
        "Velocity rule fired: 5 payments in 30 minutes.",
        "Velocity Rule and Geography rule both matched, score 0.81.",
        "MCC 5411 grocery; terminal 00418233, batch 4471, STAN 123456.",
        "Terminal ID 88213 was offline, merchant category 5812, response code 05.",
        "Account Takeover model v3 scored 0.92; the 3-D Secure challenge was passed.",
        "Queue: Card Alerts, priority High, SLA 4 hours. Chargeback reason 10.4.",
    ],
)
def test_it_leaves_alone_what_is_nobodys(text):
    assert redact(text).content == text


def test_a_detector_that_was_killed_between_calls_is_replaced():
    redact("warm")
    pid = detectors.process_id()
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert redact("John came", known=KnownValues(names=["John"])).content == "⟦PERSON_1⟧ came"
    assert detectors.process_id() != pid


def test_a_detector_that_dies_in_the_middle_stops_the_call():
    redact("warm")
    pid = detectors.process_id()
    os.kill(pid, signal.SIGSTOP)
    killer = subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(0.5); os.kill({pid}, 9)"])

    with pytest.raises(RedactionFailed, match="died"):
        redact("John Smith lives here", seconds=20)

    killer.wait()


def test_a_detector_that_hangs_stops_the_call_in_time():
    redact("warm")
    pid = detectors.process_id()
    os.kill(pid, signal.SIGSTOP)
    started = time.monotonic()

    with pytest.raises(RedactionFailed, match="too long"):
        redact("John Smith lives here", seconds=0.5)

    assert time.monotonic() - started < 3
    assert detectors.process_id() != pid


def test_a_detector_that_cannot_start_stops_the_call(monkeypatch):
    redact("warm")
    detectors._process.stop()
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(RedactionFailed):
        redact("John Smith lives here", seconds=2)


def test_a_text_beyond_measure_stops_the_call():
    with pytest.raises(RedactionFailed, match="too long"):
        redact("x" * 9_000_000)


def test_a_failure_says_nothing_of_the_text():
    with pytest.raises(RedactionFailed) as failure:
        redact("John Smith " * 800_000)

    assert "Smith" not in str(failure.value)
    assert failure.value.__cause__ is None


def test_a_forked_process_gets_detectors_of_its_own():
    redact("warm")
    mine = detectors.process_id()
    child = os.fork()
    if child == 0:
        try:
            ok = redact("John came", known=KnownValues(names=["John"])).content == "⟦PERSON_1⟧ came"
            os._exit(0 if ok and detectors.process_id() != mine else 1)
        finally:
            os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert detectors.process_id() == mine


def test_nothing_heavy_is_imported_by_the_caller():
    code = (
        "import sys; from fintech_ai.privacy.redaction import redact; redact('John Smith');"
        "heavy = {'onnxruntime', 'numpy', 'spacy', 'presidio_analyzer', 'phonenumbers'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )

    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_detectors_have_none_of_our_environment(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do-not-inherit")
    detectors._process.stop()
    redact("warm")

    environment = Path(f"/proc/{detectors.process_id()}/environ").read_bytes()

    assert b"do-not-inherit" not in environment


def test_merged_spans_cover_what_the_given_ones_cover():
    spans = [Span(4, 9, "CARD", "a"), Span(0, 5, "PERSON"), Span(8, 12, "ID"), Span(20, 21, "AGE"), Span(3, 3, "AGE")]

    found = merged(spans)

    assert found == [Span(0, 12, "CARD"), Span(20, 21, "AGE")]


def test_placeholders_are_of_one_form():
    redaction = redact("John Smith, john smith", known=KnownValues(names=["John Smith"]))

    assert all(PLACEHOLDER.fullmatch(name) for name in redaction.replacements)
