FROM ${BASE:?BASE-must-be-set}
