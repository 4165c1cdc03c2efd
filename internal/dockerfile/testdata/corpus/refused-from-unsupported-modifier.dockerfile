ARG A=debian
FROM ${A^^}
