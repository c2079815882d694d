"""What is stored of a notebook: what a run of all its cells gives, on any day and machine."""


def normalise(notebook):
    """Leaves out of a notebook (nbformat 4) what differs from run to run.

    The version of Go, times of cells, and the order in which cells were run: a cell that
    was run has the number that a run of the whole notebook gives it.
    """
    notebook["metadata"].get("language_info", {}).pop("version", None)
    number = 0
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)
        if cell["cell_type"] != "code":
            continue
        number += 1
        for numbered in [cell, *cell["outputs"]]:
            if numbered.get("execution_count") is not None:
                numbered["execution_count"] = number


def before_save(model, **_):
    """JupyterLab's hook: it normalises the notebooks of our kernel and no others."""
    if model["type"] != "notebook":
        return
    notebook = model["content"]
    if notebook["nbformat"] == 4 and notebook["metadata"].get("kernelspec", {}).get("name") == "necstgen":
        normalise(notebook)
