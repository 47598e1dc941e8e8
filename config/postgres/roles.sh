#!/bin/sh
# Run once by PostgreSQL's image, when its data folder is new: the owner, who migrates; the role of the processes, whose
# rights `manage.py grant_app_role` gives; the database.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
	--set owner_password="$PORTAL_OWNER_PASSWORD" --set app_password="$PORTAL_APP_PASSWORD" <<'SQL'
CREATE ROLE portal_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE portal_app LOGIN PASSWORD :'app_password';
CREATE DATABASE portal OWNER portal_owner;
REVOKE CONNECT ON DATABASE portal FROM PUBLIC;
GRANT CONNECT ON DATABASE portal TO portal_app;
SQL
