package apachedstest

import (
	"errors"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/internal/testserver"
)

// wso2OID is the arc of WSO2's schema.
const wso2OID = "1.3.6.1.4.1.37505.1."

const schemaDN = "cn=wso2,ou=schema"

// addSchema adds the person classes of WSO2's user store, as far as the tests
// need them: the same names, numbers and inheritance, fewer attributes.
func (s *Server) addSchema() {
	s.t.Helper()
	s.Do(func(c *ldap.Conn) error {
		err := testserver.Add(c, schemaDN, map[string][]string{"objectClass": {"metaSchema", "top"}, "cn": {"wso2"}, "m-dependencies": {"inetorgperson"}})
		for _, unit := range []string{"attributeTypes", "objectClasses"} {
			err = errors.Join(err, testserver.Add(c, "ou="+unit+","+schemaDN, map[string][]string{"objectClass": {"organizationalUnit", "top"}, "ou": {unit}}))
		}
		return errors.Join(err,
			addAttribute(c, "3", "country"),
			addAttribute(c, "20", "scimId"),
			addAttribute(c, "51", "accountLock"),
			addAttribute(c, "71", "unlockTime"),
			addAttribute(c, "72", "accountDisabled"),
			addClass(c, "1", "wso2Person", "inetOrgPerson", "country"),
			addClass(c, "100", "scimPerson", "wso2Person", "scimId"),
			addClass(c, "101", "identityPerson", "scimPerson", "accountLock", "accountDisabled", "unlockTime"),
		)
	})
}

// addAttribute adds a text attribute that is compared without case.
func addAttribute(c *ldap.Conn, number, name string) error {
	return testserver.Add(c, "m-oid="+wso2OID+number+",ou=attributeTypes,"+schemaDN, map[string][]string{
		"objectClass": {"metaAttributeType", "metaTop", "top"}, "m-oid": {wso2OID + number}, "m-name": {name},
		"m-equality": {"caseIgnoreMatch"}, "m-substr": {"caseIgnoreSubstringsMatch"}, "m-syntax": {"1.3.6.1.4.1.1466.115.121.1.15"},
	})
}

// addClass adds a structural class with optional attributes.
func addClass(c *ldap.Conn, number, name, parent string, may ...string) error {
	return testserver.Add(c, "m-oid="+wso2OID+number+",ou=objectClasses,"+schemaDN, map[string][]string{
		"objectClass": {"metaObjectClass", "metaTop", "top"}, "m-oid": {wso2OID + number}, "m-name": {name},
		"m-supObjectClass": {parent}, "m-typeObjectClass": {"STRUCTURAL"}, "m-may": may,
	})
}
