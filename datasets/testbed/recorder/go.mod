module github.com/necstgen/necstgen/datasets/testbed/recorder

go 1.26.5

require github.com/necstgen/necstgen v0.0.0

require (
	github.com/brocaar/lorawan v0.0.0-20220715134808-3b283dda1534 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/google/gopacket v1.1.19 // indirect
	github.com/jacobsa/crypto v0.0.0-20190317225127-9f44e2d11115 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
)

replace github.com/necstgen/necstgen => ../../..
