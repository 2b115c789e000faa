import numpy as np
from pyflink.common import Row

