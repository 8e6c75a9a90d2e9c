"""All settings; everything that differs between machines comes from the environment.

The table of variables stands in README.md. Mistakes are reported by config/system_checks.py with a hint.
"""

from config.settings.base import *
from config.settings.messages import *
from config.settings.money import *
from config.settings.people import *
from config.settings.providers import *
from config.settings.safety import *
