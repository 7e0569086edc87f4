-- Run once by PostgreSQL's administrator: the database, and two roles that share nothing. Then give each its password
-- (psql: \password baton_owner, \password baton_app) or a certificate, and run as the owner:
--   baton migrate --app-role baton_app
-- Whoever owns the tables changes them, in migrations alone. The parts read and write rows, and no more.
CREATE ROLE baton_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE baton_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE baton OWNER baton_owner;
REVOKE ALL ON DATABASE baton FROM PUBLIC;
GRANT CONNECT ON DATABASE baton TO baton_app;
