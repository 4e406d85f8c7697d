package conn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// servers gives the servers of an endpoint, the one to be tried first first: itself, or of
// a domain those that DNS names now, by priority, and by chance among those of one, as
// their weights have it (RFC 2782).
func (d *Dialer) servers(ctx context.Context, e endpoint) ([]endpoint, error) {
	if e.domain == "" {
		return []endpoint{e}, nil
	}
	asking, cancel := context.WithTimeoutCause(ctx, d.Timeout, d.late("asking DNS", false))
	defer cancel()
	records, err := d.records(asking, e)
	if err != nil {
		if asking.Err() != nil {
			return nil, context.Cause(asking)
		}
		return nil, dirsync.WithHint(err, "check the domain in ldap.urls, and that this machine's DNS has records _ldap._tcp."+e.domain+"; else name the servers in ldap.urls")
	}
	var servers []endpoint
	for _, record := range records {
		if host := strings.TrimSuffix(record.Target, "."); host != "" {
			servers = append(servers, serverEndpoint(schema.Address{TLS: e.tls, Host: net.JoinHostPort(host, strconv.Itoa(int(record.Port)))}))
		}
	}
	if len(servers) == 0 { // RFC 2782: a target . says that there is none
		return nil, dirsync.WithHint(fmt.Errorf("DNS says that the domain %s has no LDAP server", e.domain), "name the servers in ldap.urls")
	}
	return servers, nil
}

// records asks DNS. Few domains have records of ldaps, Active Directory's none: then the
// servers of ldap are taken, and those on its usual ports on the ports that ldaps has there.
func (d *Dialer) records(ctx context.Context, e endpoint) ([]*net.SRV, error) {
	lookup := d.LookupSRV
	if lookup == nil {
		lookup = net.DefaultResolver.LookupSRV
	}
	const whole = "." // no search list of this machine is tried
	if e.tls {
		_, records, err := lookup(ctx, "ldaps", "tcp", e.domain+whole)
		var failure *net.DNSError
		if err == nil && len(records) > 0 || err != nil && (!errors.As(err, &failure) || !failure.IsNotFound) {
			return records, err
		}
	}
	_, records, err := lookup(ctx, "ldap", "tcp", e.domain+whole)
	if err != nil || !e.tls {
		return records, err
	}
	ports := map[uint16]uint16{389: 636, 3268: 3269}
	encrypted := make([]*net.SRV, len(records))
	for i, record := range records {
		encrypted[i] = &net.SRV{Target: record.Target, Port: cmp.Or(ports[record.Port], record.Port)}
	}
	return encrypted, nil
}
