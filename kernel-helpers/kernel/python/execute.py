"""execute.py IN OUT: runs all cells of a notebook and writes it with their outputs.

The kernel's working folder is that of IN. A cell that fails ends it: nothing is written, and
the cell and what it has shown are printed.
"""
import html
import os
import re
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from necstgen_notebook import normalise


def shown(output):
    """The text of an output; what GoNB says of a cell that does not compile is HTML."""
    data = output.get("data", {})
    if "text/plain" in data:
        return data["text/plain"]
    if "text/html" in data:
        return html.unescape(re.sub("<[^>]*>", "", re.sub("(?s)<style.*?</style>", "", data["text/html"])))
    return output.get("text", "")


source, target = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
client = NotebookClient(
    notebook,
    timeout=600,
    coalesce_streams=True,  # or every step of a progress bar is kept
    resources={"metadata": {"path": os.path.dirname(source)}},
)
try:
    client.execute()
except CellExecutionError:
    for number, cell in enumerate(notebook.cells, 1):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            print(f"cell {number} fails:\n{cell.source}")
            print(*filter(None, map(shown, cell.outputs)), sep="\n")
    sys.exit(1)
normalise(notebook)
nbformat.write(notebook, target)
