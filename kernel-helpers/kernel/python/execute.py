"""execute.py IN OUT: runs all cells of a notebook and writes it with their outputs.

The kernel's working folder is that of IN. A cell that fails ends it: nothing is written, and
the cell's message is said.
"""
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from necstgen_notebook import normalise

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
except CellExecutionError as failed:
    sys.exit(str(failed))
normalise(notebook)
nbformat.write(notebook, target)
