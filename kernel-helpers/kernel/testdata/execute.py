"""execute.py IN OUT: run a notebook's cells and write it with their outputs."""
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

source, target = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
client = NotebookClient(
    notebook,
    timeout=300,  # the first cell compiles what it imports
    coalesce_streams=True,  # or every step of a progress bar is kept
    resources={"metadata": {"path": os.path.dirname(source)}},
)
try:
    client.execute()
except CellExecutionError as failed:
    sys.exit(str(failed))
for cell in notebook.cells:  # times and process numbers would change every file
    cell.metadata.pop("execution", None)
nbformat.write(notebook, target + ".new")
os.replace(target + ".new", target)
