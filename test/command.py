"""command.py - the command line of a Galaxy tool: command.py TOOL.xml VALUES.json, by Galaxy's template language."""
import json
import sys
import xml.etree.ElementTree as ET

from Cheetah.Template import Template


class Values:
    """A parameter with parts: $model.source, or as text its own value."""

    def __init__(self, parts):
        self.__dict__.update({k: wrapped(v) for k, v in parts.items()})


def wrapped(v):
    return Values(v) if isinstance(v, dict) else v


tool = ET.parse(sys.argv[1]).getroot()
text = tool.find("command").text
for token in tool.iter("token"):
    text = text.replace(token.get("name"), token.text)
values = {k: wrapped(v) for k, v in json.load(open(sys.argv[2])).items()}
print(" ".join(str(Template(text, searchList=[values])).split()))
