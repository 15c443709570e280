"""Packages: counts of goods and services that members have paid for ahead and use one by one."""
