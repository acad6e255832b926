package chrome

import (
	"bytes"
	"fmt"
	"image/png"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// DecodeQR reads the one QR code in a PNG, which may be a whole screenshot.
// It is an error when the picture is no PNG or holds no code that can be read.
func DecodeQR(data []byte) (string, error) {
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("read the picture: %w", err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		return "", fmt.Errorf("prepare the picture: %w", err)
	}
	// The search for the corners of the code fails for about one clean picture in a
	// hundred. A picture that shows only the code can then be read without it.
	for _, way := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
		result, problem := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{way: true})
		if problem == nil {
			return result.GetText(), nil
		}
		err = problem
	}
	return "", fmt.Errorf("find a QR code: %w", err)
}
