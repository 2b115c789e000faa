"""The job as shipped."""

import sys

from jobs.score_transactions import main

if __name__ == "__main__":
    main(sys.argv[1:])
