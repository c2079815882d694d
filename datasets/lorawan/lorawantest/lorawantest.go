// Package lorawantest checks LoRaWAN frames in tests: [CheckMIC] holds their
// integrity code against the network's key, [Decrypt] reads their payload.
package lorawantest

import (
	"errors"
	"fmt"

	"github.com/brocaar/lorawan"
)

// parse reads a data frame and gives it the whole of its frame counter, of which it
// holds the low 16 bits. right is false where these are others.
func parse(physical []byte, counter uint32) (phy lorawan.PHYPayload, mac *lorawan.MACPayload, right bool, err error) {
	if err := phy.UnmarshalBinary(physical); err != nil {
		return phy, nil, false, fmt.Errorf("lorawantest: %w", err)
	}
	mac, ok := phy.MACPayload.(*lorawan.MACPayload)
	if !ok {
		return phy, nil, false, errors.New("lorawantest: no data frame")
	}
	right = counter&0xffff == mac.FHDR.FCnt
	mac.FHDR.FCnt = counter
	return phy, mac, right, nil
}

func down(phy *lorawan.PHYPayload) bool {
	return phy.MHDR.MType == lorawan.UnconfirmedDataDown || phy.MHDR.MType == lorawan.ConfirmedDataDown
}

// CheckMIC reports whether a data frame's integrity code is right. Counter is the
// whole frame counter.
func CheckMIC(physical []byte, counter uint32, network [16]byte) (bool, error) {
	phy, _, right, err := parse(physical, counter)
	if err != nil || !right {
		return false, err
	}
	if down(&phy) {
		return phy.ValidateDownlinkDataMIC(lorawan.LoRaWAN1_0, 0, lorawan.AES128Key(network))
	}
	return phy.ValidateUplinkDataMIC(lorawan.LoRaWAN1_0, 0, 0, 0, lorawan.AES128Key(network), lorawan.AES128Key{})
}

// Decrypt returns the payload of a data frame in the clear; encrypted is the payload
// as it stands in the frame.
func Decrypt(physical, encrypted []byte, counter uint32, application [16]byte) ([]byte, error) {
	phy, mac, _, err := parse(physical, counter)
	if err != nil {
		return nil, err
	}
	clear := append([]byte(nil), encrypted...)
	return lorawan.EncryptFRMPayload(lorawan.AES128Key(application), !down(&phy), mac.FHDR.DevAddr, counter, clear)
}
