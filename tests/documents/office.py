"""LibreOffice, told to accept or reject all tracked changes and to say what the
document then reads.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Literal

SOFFICE = shutil.which("soffice") or ""
_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
Sub Settle(source As String, target As String, command As String)
  Dim none()
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  doc = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
  count = 0
  changes = doc.Redlines.createEnumeration()
  While changes.hasMoreElements()
    changes.nextElement()
    count = count + 1
  Wend
  helper = createUnoService("com.sun.star.frame.DispatchHelper")
  helper.executeDispatch(doc.CurrentController.Frame, command, "", 0, none())
  Dim written(1) As New com.sun.star.beans.PropertyValue
  written(0).Name = "FilterName"
  written(0).Value = "Text (encoded)"
  written(1).Name = "FilterOptions"
  written(1).Value = "UTF8,LF"
  doc.storeToURL(target, written())
  doc.close(True)
  number = FreeFile
  Open ConvertFromURL(target) &amp; ".count" For Output As #number
  Print #number, count
  Close #number
End Sub
</script:module>
"""


class Office:
    """A LibreOffice with a profile of its own in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start("--terminate_after_init")  # the first start makes the profile
        (folder / "profile" / "user" / "basic" / "Standard" / "Module1.xba").write_text(
            _MODULE, encoding="utf-8"
        )

    def settled(self, data: bytes, what: Literal["Accept", "Reject"]) -> tuple[list[str], int]:
        """The lines the document reads once all changes are accepted or rejected,
        and how many changes it had.
        """
        source, target = self._folder / "source.docx", self._folder / "target.txt"
        source.write_bytes(data)
        arguments = f'"{source.as_uri()}","{target.as_uri()}",".uno:{what}AllTrackedChanges"'
        self._start(f"macro:///Standard.Module1.Settle({arguments})")
        count = target.with_name("target.txt.count")
        lines = target.read_text(encoding="utf-8-sig").splitlines()
        number = int(count.read_text())
        target.unlink()
        count.unlink()
        return [line for line in lines if line.strip()], number

    def _start(self, argument: str) -> None:
        profile = f"-env:UserInstallation={(self._folder / 'profile').as_uri()}"
        command = [SOFFICE, "--headless", "--norestore", profile, argument]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            process.communicate(timeout=60)
        finally:
            if process.poll() is None:  # the program is a child of the script that starts it
                os.killpg(process.pid, signal.SIGKILL)
