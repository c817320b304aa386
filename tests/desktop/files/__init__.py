"""Tests of the files on a PC."""
