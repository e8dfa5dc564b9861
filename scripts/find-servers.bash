# Where the server programs are. Sourced by the scripts beside it.
# shellcheck shell=bash

# The directory with the programs of the Postgres server.
# Debian keeps them out of the PATH, in one directory for each version: the newest is taken.
find_postgres_bin() {
    local initdb bin found=
    initdb=$(command -v initdb || true)
    for bin in "${BAYAR_TEST_PG_BIN:-}" "${initdb%/*}"; do
        if [[ -n $bin ]] && has_postgres "$bin"; then
            printf '%s\n' "$bin"
            return
        fi
    done
    for bin in /usr/lib/postgresql/*/bin; do
        if has_postgres "$bin" && { [[ -z $found ]] || (($(version_of "$bin") > $(version_of "$found"))); }; then
            found=$bin
        fi
    done
    [[ -n $found ]] && printf '%s\n' "$found"
}

has_postgres() {
    local program
    for program in initdb postgres pg_ctl pg_isready pgbench psql createdb; do
        [[ -x $1/$program ]] || return 1
    done
}

# /usr/lib/postgresql/15/bin -> 15
version_of() {
    local version=${1%/bin}
    version=${version##*/}
    version=${version%%[!0-9]*}
    printf '%s\n' "${version:-0}"
}

find_redis_server() {
    command -v "${BAYAR_TEST_REDIS_SERVER:-redis-server}"
}
