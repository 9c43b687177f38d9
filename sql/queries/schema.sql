/*
  @name serverVersion
  The server's version as a number, such as 180004.
*/
select current_setting('server_version_num')::int as "version!";
