"""thickshell's page: settings -> build -> serve."""

from __future__ import annotations

import sys

from assistant.api import serve
from assistant.errors import ThickshellError
from assistant.logs import kept
from assistant.settings import load
from assistant.wiring import build


def main() -> int:
    try:
        settings = load()
        with kept(settings.home, settings.log_level):
            house = build(settings)
            try:
                serve(house)
            finally:
                house.close()
    except ThickshellError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
