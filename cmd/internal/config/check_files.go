package config

import (
	"crypto/tls"
	"os"
	"time"

	"duosync/cmd/internal/config/strict"
	"duosync/sync/certificate"
)

// validateFiles reads the files of certificates that the connections to directories, Duo and
// mail need, so that what is wrong with one is told at its line.
func (v *validator) validateFiles(c *Config) {
	for i, d := range c.Each() {
		section := "ldap"
		if d.Name != "" || len(c.Directories) > 0 {
			section = strict.Item(directoriesPath, i)
		}
		v.validateAuthorities(section+".ca_file", d.LDAP.CAFile)
		v.validatePair(section, d.LDAP.ClientCertFile, d.LDAP.ClientKeyFile)
	}
	v.validateAuthorities("duo.ca_file", c.Duo.CAFile)
	v.validateAuthorities("notify.email.ca_file", c.Notify.Email.CAFile)
}

func (v *validator) validateAudit(a *Audit) {
	if a.Required && a.File == "" && !v.Broken("audit.file") {
		v.Missing("audit.file", "audit.required", "give the file, such as /var/log/duosync/audit.jsonl")
	}
}

func (v *validator) validateAuthorities(path, file string) {
	if file == "" || v.Broken(path) {
		return
	}
	data, err := readFile(file)
	if err == nil {
		_, err = certificate.Authorities(file, data)
	}
	v.Check(path, err)
}

func (v *validator) validatePair(section, certFile, keyFile string) {
	cert, key := section+".client_cert_file", section+".client_key_file"
	if certFile == "" || keyFile == "" || v.Broken(cert) || v.Broken(key) {
		return
	}
	data, err := readFile(certFile)
	var pair tls.Certificate
	if err == nil {
		pair, err = certificate.Chain(certFile, data, time.Now())
	}
	v.Check(cert, err)
	data, err = readFile(keyFile)
	if err == nil && pair.Leaf != nil {
		err = certificate.AddKey(&pair, keyFile, data)
	}
	v.Check(key, err)
}

// readFile reads a file of certificates, of which none is large.
func readFile(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, strict.Unreadable(name, err)
	}
	return data, nil
}
