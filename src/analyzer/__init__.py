"""A self-hosted, embeddable data-analysis server."""

__version__ = "0.1.0"
