"""How a question to a model can fail."""

from analyzer.errors.base import AnalyzerError


class ModelNotConfigured(AnalyzerError):
    """This server has no model to ask: `detail` says which setting or key is missing. Everything else works."""

    code, status, title = "model-not-configured", 503, "There is no model to ask"


class ModelUnavailable(AnalyzerError):
    """The model could not be reached or broke off. `tried` lists every try, `attempts` what was done before."""

    code, status, title = "model-unavailable", 502, "The model does not answer"


class ModelRefused(AnalyzerError):
    """The provider of the model refused to answer this. Asking in other words may help."""

    code, status, title = "model-refused", 422, "The model refused"


class ModelInvalid(AnalyzerError):
    """What the model replied is of no use, again and again: no code, no plan, or one that fails every check.

    `attempts` lists what it wrote and what was wrong with it.
    """

    code, status, title = "model-invalid", 502, "The model's replies are of no use"


class BudgetExhausted(AnalyzerError):
    """The tokens or the money for questions are spent: `limit` is how much there is, `spent` what is gone of it."""

    code, status, title = "budget-exhausted", 429, "The budget for questions is spent"
