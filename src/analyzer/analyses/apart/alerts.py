"""What is worth an issue when two tables are compared."""

from analyzer.analyses.issues import Code, Codes

MAX_ROWS = 10

CODES = Codes(
    {
        "dataset_drift": Code("error", "So many columns have drifted that the table as a whole has.", "drift_share"),
        "column_removed": Code("error", "The column is in the reference and not in the dataset."),
        "type_changed": Code("warning", "The column is of another type than in the reference."),
        "column_drift": Code("warning", "The values are distributed differently."),
        "new_values": Code("warning", "Values occur that the reference does not have."),
        "out_of_range": Code("warning", "Numbers lie below the least or above the largest one of the reference."),
        "missing_more": Code("warning", "A larger share of the cells is missing than in the reference.", "missing"),
        "column_added": Code("info", "The column is in the dataset and not in the reference."),
        "columns_moved": Code("info", "Columns that both have stand in another order."),
        "lost_values": Code("info", "Values of the reference occur no more."),
    }
)
