package conn

import (
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Product is a kind of directory software.
type Product string

// The products that tell themselves apart in their root DSE (RFC 4512, 5.1).
const (
	ProductOpenLDAP        Product = "OpenLDAP"
	ProductApacheDS        Product = "ApacheDS" // WSO2's embedded store, too
	Product389             Product = "389 Directory Server"
	ProductActiveDirectory Product = "Active Directory"
	ProductOpenDJ          Product = "OpenDJ" // and its kin
	ProductEDirectory      Product = "eDirectory"
)

// productOf tells the software by its root DSE; "" where it can't be told.
func productOf(dse *ldap.Entry) Product {
	vendor := dse.GetEqualFoldAttributeValue("vendorName")
	version := dse.GetEqualFoldAttributeValue("vendorVersion")
	switch {
	case strings.HasPrefix(vendor, "Apache"):
		return ProductApacheDS
	case strings.HasPrefix(version, "389-Directory"), strings.HasPrefix(vendor, "389"):
		return Product389
	case containsAny(version, "OpenDJ", "PingDS", "ForgeRock Directory", "PingDirectory", "Ping Identity Directory", "Oracle Unified Directory"):
		return ProductOpenDJ
	case strings.Contains(version, "eDirectory"):
		return ProductEDirectory
	case slices.ContainsFunc(dse.GetEqualFoldAttributeValues("objectClass"), func(class string) bool {
		return strings.EqualFold(class, "OpenLDAProotDSE")
	}):
		return ProductOpenLDAP
	case dse.GetEqualFoldAttributeValue("forestFunctionality") != "":
		return ProductActiveDirectory
	}
	return ""
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// answersPaging reports whether such a server, where it offers paged results, gives the
// control with each of its answers (RFC 2696, 3). ApacheDS leaves it out where all fits into
// one page.
func (p Product) answersPaging() bool {
	switch p {
	case ProductOpenLDAP, Product389, ProductActiveDirectory:
		return true
	}
	return false
}

// LimitAdvice says how the product's limit on what one account may read is
// raised.
func (p Product) LimitAdvice() string {
	switch p {
	case ProductApacheDS:
		return "ApacheDS, which WSO2 embeds, stops every account but its administrator at maxSizeLimit entries in all, 1000 by default: " +
			"bind as uid=admin,ou=system, or raise ads-maxSizeLimit of the LDAP server"
	case ProductOpenLDAP:
		return "OpenLDAP: give the account of ldap.bind_dn a line of its own in the database's limits, such as " +
			"limits dn.exact=\"…\" size=unlimited size.unchecked=unlimited size.prtotal=unlimited time=unlimited"
	case Product389:
		return "389 Directory Server: set nsPagedSizeLimit and nsPagedLookThroughLimit to -1 in the entry of ldap.bind_dn, and nsSizeLimit and nsLookThroughLimit, " +
			"by which paged searches go where the paged ones are not set (or raise nsslapd-pagedsizelimit and nsslapd-pagedlookthroughlimit of the server)"
	case ProductOpenDJ:
		return "OpenDJ and its kin: set ds-rlim-size-limit, ds-rlim-lookthrough-limit and ds-rlim-time-limit to 0 in the entry of ldap.bind_dn"
	case ProductEDirectory:
		return "eDirectory: raise searchSizeLimit and searchTimeLimit of the server's LDAP Server object (0 is unlimited)"
	case ProductActiveDirectory:
		return "Active Directory: set ldap.page_size to at most MaxPageSize, 1000 by default"
	}
	return ""
}
