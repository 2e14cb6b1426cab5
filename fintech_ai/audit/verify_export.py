#!/usr/bin/env python3
"""Verify an exported audit trail, without the system that wrote it.

    python verify_export.py EXPORT [--checkpoint FILE]

Needs this file and Python 3.8 or newer, nothing else; it can be read in ten minutes and written again from
scratch. It reads the export once, in constant memory, and finds every edit, deletion, insertion and reordering.
A trail whose end was cut off and closed again, or that was rewritten from some point on, looks whole by itself:
that is found against a checkpoint, a line that was taken earlier and kept where the writer of the trail cannot
reach it.

Exit code: 0 the trail is whole, 1 it is not, 2 it could not be read.

The format, version 1. Every line is a JSON object in canonical form: keys sorted, no spaces, ASCII only.

    {"format":"fintech_ai audit export v1","tenant":UUID}
    {"at":TIME,"body":TEXT,"hash":HEX,"prev_hash":HEX,"seq":NUMBER}      one for each event, seq 1, 2, 3 ...
    {"checkpoint":CHECKPOINT,"events":NUMBER,"sha256":HEX}               sha256 of all lines before this one

    CHECKPOINT is {"at":TIME,"format":"fintech_ai audit checkpoint v1","hash":HEX,"seq":NUMBER,"tenant":UUID}
    of the last event; a checkpoint file holds any number of them, one on a line.

    hash is the SHA-256, in hexadecimal, of these lines joined by line feeds (body comes last and may hold any text):
    "fintech_ai audit event v1", tenant, seq, at, prev_hash, body. The prev_hash of event 1 is 64 zeros.
"""

import argparse
import hashlib
import json
import pathlib
import sys

EXPORT_FORMAT = "fintech_ai audit export v1"
EVENT_FORMAT = "fintech_ai audit event v1"
CHECKPOINT_FORMAT = "fintech_ai audit checkpoint v1"
NO_HASH = "0" * 64
LONGEST_LINE = 16 * 1024 * 1024


class Broken(Exception):
    """The trail is not what was once recorded. `seq` is the first event that shows it, 0 for the file itself."""

    def __init__(self, seq, how):
        super().__init__(how)
        self.seq = seq
        self.how = how

    def __str__(self):
        return f"event {self.seq} {self.how}" if self.seq else self.how


class Chain:
    """Follows one tenant's chain, event by event."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.seq, self.at, self.hash = 0, "", NO_HASH
        self._seen = {}

    def expect(self, checkpoints):
        """Hold the chain to these pairs of seq and hash. Raises Broken if they contradict one another."""
        for seq, digest in checkpoints:
            if seq and self._seen.setdefault(seq, digest) != digest:
                raise Broken(seq, "two checkpoints saw two different events here, so the trail was rewritten")

    def add(self, seq, at, prev_hash, digest, body):
        """Take the next event. Raises Broken if it cannot be the next."""
        expected = self.seq + 1
        if seq > expected:
            raise Broken(expected, f"is missing, event {seq} stands in its place")
        if seq < expected:
            raise Broken(seq, f"stands where event {expected} belongs, so it was inserted, repeated or moved")
        if prev_hash != self.hash:
            raise Broken(seq, "does not continue the event before it, so one of the two was edited or replaced")
        if event_hash(self.tenant, seq, at, prev_hash, body) != digest:
            raise Broken(seq, "was edited, its content does not give its hash")
        if at < self.at:
            raise Broken(seq, "is older than the event before it")
        if self._seen.pop(seq, digest) != digest:
            raise Broken(seq, "is not the event that the checkpoint saw, so the trail was rewritten since")
        self.seq, self.at, self.hash = seq, at, digest

    def finish(self):
        """There are no more events. Raises Broken if a checkpoint saw more."""
        if self._seen:
            raise Broken(self.seq + 1, f"is missing, the trail was cut: a checkpoint saw event {max(self._seen)}")


def event_hash(tenant, seq, at, prev_hash, body):
    """The hash of one event, as the module's docstring defines it."""
    text = f"{EVENT_FORMAT}\n{tenant}\n{seq}\n{at}\n{prev_hash}\n{body}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def canonical(value):
    """The one text of a JSON value: keys sorted, no spaces, ASCII only. Raises ValueError for infinity and NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def checkpoint_of(chain):
    """What is to be kept elsewhere, so that a later cut or rewrite is found."""
    return {
        "format": CHECKPOINT_FORMAT,
        "tenant": chain.tenant,
        "seq": chain.seq,
        "at": chain.at,
        "hash": chain.hash,
    }


def read_checkpoints(lines):
    """Yield (tenant, seq, hash) of every line. Raises ValueError for a line that is no checkpoint."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found = json.loads(line)
                if found["format"] != CHECKPOINT_FORMAT or type(found["seq"]) is not int:
                    raise ValueError
                yield str(found["tenant"]), found["seq"], str(found["hash"])
            except (ValueError, KeyError, TypeError, RecursionError):
                raise ValueError(f"Line {number} of the checkpoint file is no checkpoint.") from None


def verify(export, checkpoints=()):
    """Verify an export, a file open for bytes, and return its Chain. Raises Broken."""
    lines = _Lines(export)
    opening = lines.next_object({"format": str, "tenant": str})
    if opening is None or opening["format"] != EXPORT_FORMAT:
        raise Broken(0, f"the first line does not say {EXPORT_FORMAT!r}")
    chain = Chain(opening["tenant"])
    chain.expect((seq, digest) for tenant, seq, digest in checkpoints if tenant == chain.tenant)
    event = {"at": str, "body": str, "hash": str, "prev_hash": str, "seq": int}
    closing = {"checkpoint": dict, "events": int, "sha256": str}
    while True:
        before = lines.digest.hexdigest()
        found = lines.next_object(event, closing)
        if found is None:
            raise Broken(0, f"the closing line is missing, so the file was cut after event {chain.seq}")
        if "checkpoint" in found:
            break
        chain.add(found["seq"], found["at"], found["prev_hash"], found["hash"], found["body"])
    if found != {"checkpoint": checkpoint_of(chain), "events": chain.seq, "sha256": before}:
        raise Broken(0, f"the closing line does not fit the {chain.seq} events above it")
    if lines.next_object() is not None:
        raise Broken(0, "something follows the closing line")
    chain.finish()
    return chain


class _Lines:
    """The lines of an export, each of which must be in canonical form and of a known shape."""

    def __init__(self, export):
        self._export = export
        self._number = 0
        self.digest = hashlib.sha256()

    def next_object(self, *shapes):
        """The next line's object, or None at the end. Raises Broken if it has none of these shapes."""
        line = self._export.readline(LONGEST_LINE)
        if not line:
            return None
        self._number += 1
        self.digest.update(line)
        try:
            found = json.loads(line.decode("ascii"))
            intact = canonical(found).encode("ascii") + b"\n" == line
        except (ValueError, RecursionError):
            intact = False
        if not intact or not any(_has_shape(found, shape) for shape in shapes):
            raise Broken(0, f"line {self._number} is not as it was written")
        return found


def _has_shape(found, shape):
    if type(found) is not dict or found.keys() != shape.keys():
        return False
    return all(type(found[key]) is kind for key, kind in shape.items())


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Verify an exported audit trail.")
    parser.add_argument("export", type=pathlib.Path)
    parser.add_argument("--checkpoint", type=pathlib.Path, help="checkpoints that were taken earlier, one on a line")
    options = parser.parse_args(arguments)
    try:
        checkpoints = []
        if options.checkpoint:
            with options.checkpoint.open(encoding="utf-8") as file:
                checkpoints = list(read_checkpoints(file))
        with options.export.open("rb") as file:
            chain = verify(file, checkpoints)
    except Broken as broken:
        print(f"BROKEN  {broken}.")
        return 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    used = sum(tenant == chain.tenant for tenant, _, _ in checkpoints)
    if options.checkpoint and not used:
        print(f"No checkpoint in {options.checkpoint} is for tenant {chain.tenant}.", file=sys.stderr)
        return 2
    print(f"WHOLE   {chain.seq} events of tenant {chain.tenant}.")
    print(f"        The last was recorded at {chain.at or 'no time'} with hash {chain.hash}.")
    print(f"        It was held against {used} checkpoint(s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
