"""twice.py KERNEL FOLDER MARK CODE [FILE OLD NEW]: run a cell in a folder twice, and print the
status of both and every text that they showed. The first is interrupted when what it shows
matches MARK, unless that is empty. Before the second, OLD becomes NEW in a file.
"""
import json
import re
import sys

from jupyter_client.manager import KernelManager

name, folder, mark, code, *edit = sys.argv[1:]


def run(client, manager, mark):
    """Executes the cell and returns its reply's status and all texts that it showed."""
    message = client.execute(code)
    texts, interrupted = [], False
    while True:
        m = client.get_iopub_msg(timeout=240)
        if m["parent_header"].get("msg_id") != message:
            continue
        content = m["content"]
        if m["msg_type"] == "status" and content["execution_state"] == "idle":
            break
        text = content.get("data", {}).get("text/plain") or content.get("text") or content.get("evalue") or ""
        if m["msg_type"] == "error":
            text = "error: " + text
        texts.append(text)
        if mark and not interrupted and re.search(mark, text):
            manager.interrupt_kernel()
            interrupted = True
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == message:
            return {"status": reply["content"]["status"], "texts": texts}


manager = KernelManager(kernel_name=name)
manager.start_kernel(cwd=folder)
client = manager.blocking_client()
client.start_channels()
try:
    client.wait_for_ready(timeout=120)
    first = run(client, manager, mark)
    if edit:
        path, old, new = edit
        with open(path) as f:
            text = f.read()
        if old not in text:
            sys.exit(f"{path} has no {old}")
        with open(path, "w") as f:
            f.write(text.replace(old, new))
    print(json.dumps([first, run(client, manager, None)]))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
