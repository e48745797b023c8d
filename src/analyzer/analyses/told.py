"""What sections have told already, in a result."""

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class AsTold:
    """Marks a field that holds what sections told, of thousands of columns perhaps: it is passed on as it is.

    The published schema is that of the field's type, and what is told has to fit it, as watchers see it, too. To check
    each value again, and to write it out by its model, takes as long as to compute a small column's figures.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices: list[CoreSchema | tuple[CoreSchema, str]] = [core_schema.any_schema(), handler(source)]
        return core_schema.union_schema(
            choices, mode="left_to_right", serialization=core_schema.simple_ser_schema("any")
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Any:
        return handler(schema["choices"][1])  # the union made above
