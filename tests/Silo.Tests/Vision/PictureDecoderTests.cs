using SkiaSharp;
using XLLM.Silo.Vision;
using XLLM.Silo.Vision.Formats;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Vision;

public sealed class PictureDecoderTests
{
    private static readonly PictureDecoder Decoder = new(new PictureOptions());

    [Fact]
    public void Decode_GivesTheSamples_OfLosslessFiles()
    {
        var picture = TestPictures.Random(13, 7, seed: 1);

        AssertSame(picture, Decoder.Decode(TestPictures.Png(picture)));
        AssertSame(picture, Decoder.Decode(TestPictures.Bmp(picture)));
        AssertSame(picture, Decoder.Decode(TestPictures.Encode(picture, SKEncodedImageFormat.Png)));
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Decode_ComesClose_ToLossyFiles(SKEncodedImageFormat format)
    {
        var picture = TestPictures.Smooth(48, 40);

        var decoded = Decoder.Decode(TestPictures.Encode(picture, format));

        Assert.Equal((48, 40), (decoded.Width, decoded.Height));
        Assert.InRange(picture.Samples.ToArray().Zip(decoded.Samples.ToArray(), (a, b) => Math.Abs(a - b)).Average(), 0, 3);
    }

    // Samples of two pixels, and what the reference's loader makes of them: bits widened to 0 to 255, 16 bits cut to the high byte, alpha dropped.
    [Theory]
    [InlineData(1, 0, "80", null, "FFFFFF000000")]
    [InlineData(2, 0, "60", null, "555555AAAAAA")]
    [InlineData(4, 0, "7F", null, "777777FFFFFF")]
    [InlineData(8, 0, "07C8", null, "070707C8C8C8")]
    [InlineData(16, 0, "00FF12FF", null, "000000121212")]
    [InlineData(8, 0, "07C8", "tRNS:0007", "070707C8C8C8")]
    [InlineData(8, 2, "010203FDFEFF", null, "010203FDFEFF")]
    [InlineData(8, 2, "010203FDFEFF", "tRNS:000100020003", "010203FDFEFF")]
    [InlineData(16, 2, "01FF02800300FD80FEFFFFFF", null, "010203FDFEFF")]
    [InlineData(1, 3, "40", "PLTE:0A0B0CF0E0D0", "0A0B0CF0E0D0")]
    [InlineData(2, 3, "40", "PLTE:0A0B0CF0E0D0", "F0E0D00A0B0C")]
    [InlineData(4, 3, "01", "PLTE:0A0B0CF0E0D0", "0A0B0CF0E0D0")]
    [InlineData(8, 3, "0100", "PLTE:0A0B0CF0E0D0,tRNS:0080", "F0E0D00A0B0C")]
    [InlineData(8, 4, "0700C880", null, "070707C8C8C8")]
    [InlineData(16, 4, "07FF0000C8808000", null, "070707C8C8C8")]
    [InlineData(8, 6, "0A141E00C8643280", null, "0A141EC86432")]
    [InlineData(16, 6, "0AFF14FF1EFF0000C8006400320080FF", null, "0A141EC86432")]
    public void Decode_GivesTheColours_OfEveryKindOfPng(int depth, int colour, string row, string? chunks, string expected)
    {
        var extra = (chunks?.Split(',') ?? []).Select(chunk => PngWriter.Chunk(chunk[..4], Convert.FromHexString(chunk[5..]))).ToArray();
        var file = PngWriter.Write(2, 1, depth, colour, [Convert.FromHexString(row)], extra);

        Assert.Equal(expected, Convert.ToHexString(Decoder.Decode(file).Samples));
    }

    [Fact]
    public void Decode_IgnoresGammaAndColourProfiles()
    {
        var picture = TestPictures.Random(5, 5, seed: 2);
        var rows = Enumerable.Range(0, 5).Select(y => picture.Row(y).ToArray());
        var file = PngWriter.Write(5, 5, 8, 2, rows, PngWriter.Chunk("gAMA", [0, 0, 0x27, 0x10]), PngWriter.Chunk("cHRM", new byte[32]));

        AssertSame(picture, Decoder.Decode(file));
    }

    [Fact]
    public void Decode_ShowsThePalettesColours_UnderTransparentAndUnpaintedPixelsOfAGif()
    {
        byte[] palette = [1, 2, 3, 10, 20, 30, 200, 100, 50, 7, 8, 9];
        var file = TestPictures.Gif(screenWidth: 3, screenHeight: 2, left: 1, top: 0, width: 2, [0, 2, 1, 3], palette, transparent: 2);

        Assert.Equal("C86432" + "010203" + "C86432" + "C86432" + "0A141E" + "070809", Convert.ToHexString(Decoder.Decode(file).Samples));

        file = TestPictures.Gif(screenWidth: 3, screenHeight: 1, left: 0, top: 0, width: 2, [3, 2], palette, transparent: null);
        Assert.Equal("070809" + "C86432" + "010203", Convert.ToHexString(Decoder.Decode(file).Samples));
    }

    [Theory]
    [InlineData(1, "012345")]
    [InlineData(2, "210543")]
    [InlineData(3, "543210")]
    [InlineData(4, "345012")]
    [InlineData(5, "031425")]
    [InlineData(6, "304152")]
    [InlineData(7, "524130")]
    [InlineData(8, "251403")]
    [InlineData(9, "012345")]
    public void Upright_PutsEveryPixelWhereTheOrientationSays(int orientation, string expected)
    {
        var picture = new Picture(3, 2, [.. Enumerable.Range(0, 6).SelectMany(i => new[] { (byte)i, (byte)i, (byte)i })]);

        var upright = PictureOrientation.Upright(picture, orientation);

        Assert.Equal(orientation is >= 5 and <= 8 ? (2, 3) : (3, 2), (upright.Width, upright.Height));
        Assert.Equal(expected, string.Concat(upright.Samples.ToArray().Where((_, i) => i % 3 == 0)));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(6, true)]
    [InlineData(6, false)]
    [InlineData(8, false)]
    public void Decode_TurnsAPictureUpright_AsItsCameraSays(int orientation, bool bigEndian)
    {
        var jpeg = TestPictures.Encode(TestPictures.Smooth(24, 16), SKEncodedImageFormat.Jpeg);

        var turned = Decoder.Decode(TestPictures.WithOrientation(jpeg, orientation, bigEndian));

        AssertSame(PictureOrientation.Upright(Decoder.Decode(jpeg), orientation), turned);
    }

    [Fact]
    public void Decode_TurnsPngAndWebPUpright_AsTheyMaySayToo()
    {
        var picture = TestPictures.Random(6, 4, seed: 9);
        var png = PngWriter.Write(6, 4, 8, 2, Enumerable.Range(0, 4).Select(y => picture.Row(y).ToArray()), PngWriter.Chunk("eXIf", TestPictures.Exif(6, bigEndian: true)));
        var webp = TestPictures.Encode(picture, SKEncodedImageFormat.Webp);

        AssertSame(PictureOrientation.Upright(picture, 6), Decoder.Decode(png));
        AssertSame(PictureOrientation.Upright(Decoder.Decode(webp), 8), Decoder.Decode(TestPictures.WithOrientation(webp, 6, 4, 8)));
    }

    [Fact]
    public void Orientation_IsOneToEight_OrNone_InAnyBytes()
    {
        var random = new Random(17);
        for (var round = 0; round < 20_000; round++)
        {
            var exif = TestPictures.Exif(random.Next(1, 9), bigEndian: random.Next(2) == 0);
            Assert.InRange(ExifOrientation.In(exif)!.Value, 1, 8);
            for (var i = random.Next(1, 5); i > 0; i--)
            {
                exif[random.Next(exif.Length)] = (byte)random.Next(256);
            }

            Assert.InRange(ExifOrientation.In(exif.AsSpan(0, random.Next(exif.Length + 1))) ?? 1, 1, 8);
        }
    }

    [Fact]
    public void Decode_ReadsEveryPictureOfTheSharedSet()
    {
        if (Paths.TryShared("data", "images") is not { } folder)
        {
            Assert.Skip("../shared/data/images is missing");
            return;
        }

        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is ".png" or ".jpg" or ".jpeg" or ".gif").ToArray();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            var picture = Decoder.Decode(bytes);
            using var codec = SKCodec.Create(new MemoryStream(bytes));
            Assert.Equal((codec.Info.Width, codec.Info.Height), (picture.Width, picture.Height));
            Assert.True(picture.Samples.ToArray().Distinct().Count() > 1, $"{file} decoded to one colour");
        }
    }

    [Fact]
    public void Decode_RefusesAHeader_ThatAnnouncesTooManyPixels()
    {
        var file = PngWriter.File(PngWriter.Header(100_000, 100_000, 8, 2), PngWriter.Chunk("IDAT", PngWriter.Deflate(new byte[1000])), PngWriter.Chunk("IEND", []));

        var fault = Assert.Throws<PictureException>(() => Decoder.Decode(file));

        Assert.Contains("100000 x 100000 = 10000000000 pixels", fault.Message, StringComparison.Ordinal);
        Assert.Contains("67108864", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_DoesNotUnpack_WhatMakesNoPixels()
    {
        // 400 MB of zeros in text chunks. Unpacked on the way they would be 50 times the limit on bytes.
        var bomb = PngWriter.Chunk("zTXt", [(byte)'a', 0, 0, .. PngWriter.Deflate(new byte[4_000_000])]);
        var picture = TestPictures.Random(3, 3, seed: 3);
        var file = PngWriter.Write(3, 3, 8, 2, Enumerable.Range(0, 3).Select(y => picture.Row(y).ToArray()), [.. Enumerable.Repeat(bomb, 100)]);

        var plan = new PngFormat().Plan(file);

        Assert.True(plan.File.Length < 200, $"{plan.File.Length} of {file.Length} bytes reach the decoder");
        AssertSame(picture, Decoder.Decode(file));
    }

    [Fact]
    public void Decode_Ignores_WhatAPngHoldsBeyondItsPixels()
    {
        var file = PngWriter.Write(2, 1, 8, 0, [[7, 9], new byte[5_000_000]]);

        Assert.Equal("070707090909", Convert.ToHexString(Decoder.Decode(file).Samples));
    }

    [Fact]
    public void Decode_RefusesAJpeg_ThatGoesOverItsPixelsTooOften()
    {
        var jpeg = TestPictures.Encode(TestPictures.Smooth(16, 16), SKEncodedImageFormat.Jpeg);
        var scan = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        byte[] file = [.. jpeg[..^2], .. Enumerable.Repeat(jpeg[scan..^2], JpegFormat.MaxScans).SelectMany(bytes => bytes), .. jpeg[^2..]];

        var fault = Assert.Throws<PictureException>(() => Decoder.Decode(file));

        Assert.Contains($"{JpegFormat.MaxScans + 1} scans", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_DoesNotCountTheScans_OfAThumbnail()
    {
        var jpeg = TestPictures.Encode(TestPictures.Smooth(16, 16), SKEncodedImageFormat.Jpeg);
        byte[] thumbnails = [.. Enumerable.Repeat((byte[])[0xFF, 0xDA], 200).SelectMany(bytes => bytes)];
        byte[] file = [0xFF, 0xD8, 0xFF, 0xE5, 0x01, 0x92, .. thumbnails, .. jpeg[2..]];

        AssertSame(Decoder.Decode(jpeg), Decoder.Decode(file));
    }

    [Fact]
    public void Decode_RefusesTooManyBytes_AndNamesBothNumbers()
    {
        var file = TestPictures.Png(TestPictures.Random(20, 20, seed: 4));

        var fault = Assert.Throws<PictureException>(() => new PictureDecoder(new PictureOptions { MaxBytes = 100 }).Decode(file));

        Assert.Equal($"the picture has {file.Length} bytes; at most 100 are allowed", fault.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("3C3F786D6C2076657273696F6E3D22312E30223F3E3C7376672F3E")]  // SVG
    [InlineData("49492A0008000000")]                                        // TIFF
    [InlineData("0000010001001010000001002000680400001600")]                // icon
    public void Decode_RefusesWhatIsNoPictureOfAKnownKind(string hex) =>
        Assert.Throws<PictureException>(() => Decoder.Decode(Convert.FromHexString(hex)));

    private static void AssertSame(Picture expected, Picture actual)
    {
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.Equal(Convert.ToHexString(expected.Samples), Convert.ToHexString(actual.Samples));
    }
}
