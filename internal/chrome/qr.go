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
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", fmt.Errorf("find a QR code: %w", err)
	}
	return result.GetText(), nil
}
