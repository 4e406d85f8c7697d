package conn

import "duosync/ldapsrc/schema"

// Presets lists those by which such a server can be read, the usual one first; beside them
// stands Custom. WSO2 takes others' servers for its user store, too.
func (p Product) Presets() []schema.Preset {
	return map[Product][]schema.Preset{
		ProductOpenLDAP:        {schema.OpenLDAP, schema.WSO2IS},
		ProductApacheDS:        {schema.WSO2IS},
		Product389:             {schema.DS389, schema.FreeIPA, schema.WSO2IS},
		ProductActiveDirectory: {schema.ActiveDirectory},
		ProductOpenDJ:          {schema.OpenDJ, schema.WSO2IS},
		ProductEDirectory:      {schema.EDirectory, schema.WSO2IS},
	}[p]
}
