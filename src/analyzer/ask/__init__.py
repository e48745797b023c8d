"""Question → code or a catalogue analysis → slot or jail → repair → verified answer."""

from analyzer.ask.asking import Asking

__all__ = ["Asking"]
