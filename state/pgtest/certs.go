package pgtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// certify makes two authorities, and a certificate of the first for the server.
func (s *Server) certify() error {
	s.CAFile, s.OtherCA = s.path("ca.pem"), s.path("otherca.pem")
	authority, err := s.certificate("ca", "duosync test CA", nil)
	if err != nil {
		return err
	}
	if _, err := s.certificate("otherca", "another CA", nil); err != nil {
		return err
	}
	_, err = s.certificate("server", "localhost", authority)
	return err
}

type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// certificate writes NAME.pem and NAME.key. Without a signer it is an authority.
func (s *Server) certificate(name, subject string, by *signer) (*signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: subject},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	if by == nil {
		by = &signer{cert: cert, key: key}
		cert.IsCA, cert.BasicConstraintsValid, cert.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		cert.DNSNames, cert.IPAddresses = []string{subject}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, by.cert, &key.PublicKey, by.key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: der},
		name + ".key": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(s.path(file), pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, err
		}
	}
	return &signer{cert: cert, key: key}, nil
}
