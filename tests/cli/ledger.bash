# What the tests of the ledger share. `load helpers`, `load provider` first.
#
# The file's name says which database is behind the ledger (ledger_sqlite.bats, ledger_postgres.bats): both run the
# same tests. $LEDGER is an empty ledger of each test's own.

setup() {
	begin_test
	case $BATS_TEST_FILENAME in
	*postgres*)
		[ -n "${STAUNCH_TEST_POSTGRES:-}" ] || skip "no PostgreSQL server: ${STAUNCH_TEST_POSTGRES_MISSING:-}"
		DATABASE=cli_${$}_$BATS_TEST_NUMBER
		server_sql "CREATE DATABASE $DATABASE"
		LEDGER="postgresql://postgres@/$DATABASE?host=$STAUNCH_TEST_POSTGRES"
		;;
	*)
		mkdir -m 700 "$T.ledger" # not among what the tests scan
		LEDGER=$T.ledger/ledger.db
		;;
	esac
}

teardown() {
	provider_stop
	[ -n "${BATS_TEST_SKIPPED:-}" ] || [ "${BATS_TEST_COMPLETED:-}" != 1 ] || rm -rf "$T.ledger"
	end_test
}

# sql STATEMENT: behind the program's back
sql() {
	case $LEDGER in
	postgresql:*) psql -qAt -v ON_ERROR_STOP=1 "$LEDGER" -c "SET search_path = staunch" -c "$1" ;;
	*) sqlite3 -cmd '.timeout 5000' "$LEDGER" "$1" ;;
	esac
}
server_sql() { psql -qAt "postgresql://postgres@/postgres?host=$STAUNCH_TEST_POSTGRES" -c "$1"; }

# sending ARG...: what staunch finds is sent, with the ledger; -y, JSON
sending() { staunch_sending "$@" --yes --endpoint "$AT" --ledger "$LEDGER" -f json; }

# records FILTER: jq on the ledger's records
records() { "$STAUNCH" ledger list --ledger "$LEDGER" -f json | jq -rc ".records | $1"; }

# expect_records VALUE FILTER
expect_records() {
	local got
	got=$(records "$2")
	[ "$got" = "$1" ] && return
	printf 'the records: %s\n  is   %s\n  want %s\n' "$2" "$got" "$1"
	return 1
}

# start ARG...: staunch in the background; its process in $process
start() {
	next_run
	STAUNCH_DRY_RUN= "$STAUNCH" "$@" --yes --endpoint "$AT" --ledger "$LEDGER" -f json >"$OUT" 2>"$ERR" 3>&- &
	process=$!
}

# finish: wait for $process; its exit code in $status
finish() {
	status=0
	wait "$process" || status=$?
	keep_output
}

# requests: how many reports have arrived
requests() { reports length; }
under_way() { [ "$(requests)" -ge 1 ]; }
