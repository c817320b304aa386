"""The service room that makes a change travel: clocks, merging, the session hook and the wire format.

It knows no other room: it works on any table whose class is a `TenantRow`.
"""
