# shellcheck shell=bash
# What the checks of deploy/ have in common: a directory and a simulated Duo to run against.
# Sourced with $work, a folder that ends with the check, and pids, what is ended with it. The
# directory listens at $port afterwards.

# need COMMAND PACKAGE
need() {
  PATH=$PATH:/usr/sbin command -v "$1" >/dev/null && return
  command -v apt-get >/dev/null || fail "$1 is missing"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 ||
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null; }
}

# start_neighbours PROGRAM starts a directory of three people, and a simulated Duo.
start_neighbours() {
  "$1" simulator --dir "$work/duo" >"$work/simulator.out" &
  pids+=($!)
  mkdir "$work/db"
  cat >"$work/slapd.conf" <<-CONF
	include /etc/ldap/schema/core.schema
	include /etc/ldap/schema/cosine.schema
	include /etc/ldap/schema/inetorgperson.schema
	modulepath /usr/lib/ldap
	moduleload back_mdb
	database mdb
	suffix "dc=WSO2,dc=ORG"
	rootdn "cn=admin,dc=WSO2,dc=ORG"
	rootpw planted-ldap-password
	directory $work/db
	CONF
  {
    printf 'dn: dc=WSO2,dc=ORG\nobjectClass: dcObject\nobjectClass: organization\ndc: WSO2\no: WSO2\n\n'
    printf 'dn: ou=Users,dc=WSO2,dc=ORG\nobjectClass: organizationalUnit\nou: Users\n\n'
    for name in anna ravi zoe; do
      printf 'dn: uid=%s,ou=Users,dc=WSO2,dc=ORG\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\ngivenName: %s\nsn: Silva\nmail: %s@example.com\n\n' $name $name $name $name $name
    done
  } | /usr/sbin/slapd -T add -q -f "$work/slapd.conf" -b dc=WSO2,dc=ORG
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 10000))
    /usr/sbin/slapd -f "$work/slapd.conf" -h "ldap://127.0.0.1:$port/" -d 0 2>/dev/null &
    pid=$!
    for _ in $(seq 100); do
      kill -0 $pid 2>/dev/null || break
      { : <>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && break 2
      sleep 0.05
    done
  done
  pids+=("$pid")
  for _ in $(seq 100); do [ -s "$work/simulator.out" ] && break; sleep 0.05; done
}

# of KEY: its value in the simulator's duo section
of() { sed -n "0,/^  $1: /s/^  $1: //p" "$work/duo/duo.yaml"; }
