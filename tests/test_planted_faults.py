"""The faults to be planted are still those of the code as it is."""

import pytest
from planted_faults import FAULTS, PACKAGE


def test_there_are_sixty_of_different_names():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 60


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault):
    assert (PACKAGE / fault.file).read_text().count(fault.right) == 1
    assert fault.wrong != fault.right
