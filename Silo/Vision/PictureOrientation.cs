namespace XLLM.Silo.Vision;

/// <summary>Turns a picture upright by the orientation that its camera wrote beside it.</summary>
/// <remarks>
/// The reference loader applies the orientation before its image processors see the picture, so a model was trained on upright pictures.
/// Source: EXIF 2.3 (CIPA DC-008), tag 0x0112; the eight values name where the stored first row and first column belong.
/// </remarks>
internal static class PictureOrientation
{
    /// <summary>The upright picture; the same object when it is upright already.</summary>
    /// <param name="picture">As stored.</param>
    /// <param name="orientation">1 to 8; values from 5 on exchange width and height. Anything else means "as stored", as for readers of EXIF in general.</param>
    public static Picture Upright(Picture picture, int orientation)
    {
        if (orientation is < 2 or > 8)
        {
            return picture;
        }

        var (width, height) = orientation >= 5 ? (picture.Height, picture.Width) : (picture.Width, picture.Height);
        var (right, bottom) = (picture.Width - 1, picture.Height - 1);
        var from = picture.Samples;
        var to = new byte[from.Length];
        var place = 0;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++, place += Picture.Channels)
            {
                var (sourceX, sourceY) = orientation switch
                {
                    2 => (right - x, y),
                    3 => (right - x, bottom - y),
                    4 => (x, bottom - y),
                    5 => (y, x),
                    6 => (y, bottom - x),
                    7 => (right - y, bottom - x),
                    _ => (right - y, x),
                };
                from.Slice(((sourceY * picture.Width) + sourceX) * Picture.Channels, Picture.Channels).CopyTo(to.AsSpan(place));
            }
        }

        return new Picture(width, height, to);
    }
}
