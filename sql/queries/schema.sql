/* The server's version as a number, such as 180004. */
/* @name serverVersion */
select current_setting('server_version_num')::int as "version!";
