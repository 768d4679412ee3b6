#!/bin/sh
# Makes the certificates of the tests, valid 2020 to 2120. Run it in this folder.
#
# ca, other-ca           two authorities that know nothing of each other
# server                 localhost, 127.0.0.1, ::1
# server2                example.test, *.example.test
# client                 e-mail alice@example.test, DNS alice.example.test, URI spiffe://example.test/alice
# client-dn              no alternative names; a DN with DCs, a multi-valued RDN and characters to escape
# client-server-eku      by the same CA, for servers only
# client-other           by the other CA, with alice's e-mail
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dates="-startdate 20200101000000Z -enddate 21200101000000Z"
cat > "$work/ca.cnf" <<CNF
[ca]
default_ca = any
[any]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = anything
unique_subject = no
copy_extensions = none
[anything]
C = optional
O = optional
OU = optional
DC = optional
CN = optional
UID = optional
emailAddress = optional
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
CNF
: > "$work/index"
request() { # name subject
  openssl req -config "$work/ca.cnf" -newkey rsa:2048 -nodes -keyout "$1-key.pem" -out "$work/$1.csr" -multivalue-rdn -utf8 -subj "$2" 2>/dev/null
}
authority() { # name subject
  request "$1" "$2"
  printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' > "$work/ext"
  openssl ca -batch -config "$work/ca.cnf" -selfsign -keyfile "$1-key.pem" -in "$work/$1.csr" -out "$1.pem" -extfile "$work/ext" -preserveDN -notext $dates 2>/dev/null
}
certificate() { # name authority subject extension...
  name=$1 authority=$2
  request "$name" "$3"
  shift 3
  printf '%s\n' 'basicConstraints=CA:FALSE' 'keyUsage=digitalSignature,keyEncipherment' "$@" > "$work/ext"
  openssl ca -batch -config "$work/ca.cnf" -cert "$authority.pem" -keyfile "$authority-key.pem" -in "$work/$name.csr" -out "$name.pem" -extfile "$work/ext" -preserveDN -notext $dates 2>/dev/null
}
authority ca '/O=subjectd tests/CN=Test CA'
authority other-ca '/O=subjectd tests/CN=Other CA'
certificate server ca '/O=subjectd tests/CN=localhost' extendedKeyUsage=serverAuth,clientAuth subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
certificate server2 ca '/O=subjectd tests/CN=example.test' extendedKeyUsage=serverAuth 'subjectAltName=DNS:example.test,DNS:*.example.test'
certificate client ca '/C=CH/O=subjectd tests/OU=Clients/CN=alice' extendedKeyUsage=clientAuth subjectAltName=email:alice@example.test,DNS:alice.example.test,URI:spiffe://example.test/alice
certificate client-dn ca '/DC=org/DC=example/O=Plus\+Minus, "Inc." <x>/OU= #spaced /OU=R\\D;=/CN=bob+UID=b0b/emailAddress=bob@example.test/CN=Zoë' extendedKeyUsage=clientAuth
certificate client-server-eku ca '/O=subjectd tests/CN=wrong purpose' extendedKeyUsage=serverAuth subjectAltName=DNS:wrong.example.test
certificate client-other other-ca '/O=subjectd tests/CN=mallory' extendedKeyUsage=clientAuth subjectAltName=email:alice@example.test
