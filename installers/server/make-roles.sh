#!/bin/sh
# Makes the two roles with which the server works; PostgreSQL's image runs it once, when the database is new.
# The server signs in as itutoros_server and works as itutoros_app, which owns no table and so cannot lift the
# walls between centers. The owner, itutoros_owner, is used for migrations alone.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set server_password="$SERVER_PASSWORD" <<'SQL'
CREATE ROLE itutoros_app NOLOGIN NOBYPASSRLS;
CREATE ROLE itutoros_server LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'server_password' IN ROLE itutoros_app;
SQL
