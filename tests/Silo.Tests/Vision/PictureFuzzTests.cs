using SkiaSharp;
using XLLM.Silo.Vision;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Vision;

/// <summary>Damaged files of every kind end in a picture or in a <see cref="PictureException"/>: nothing else, and never outside the limits.</summary>
public sealed class PictureFuzzTests(ITestOutputHelper output)
{
    private const int MutationsPerFile = 1500;
    private static readonly PictureOptions Options = new() { MaxPixels = 1 << 16, MaxBytes = 1 << 20 };

    public static TheoryData<string> Kinds => new(Seeds.Keys);

    private static Dictionary<string, byte[]> Seeds { get; } = new()
    {
        ["png, colour"] = TestPictures.Png(TestPictures.Smooth(33, 21)),
        ["png, by the encoder"] = TestPictures.Encode(TestPictures.Smooth(40, 40), SKEncodedImageFormat.Png),
        ["png, palette"] = PngWriter.Write(16, 2, 4, 3, [new byte[8], [1, 0x23, 0x45, 0x67, 0x76, 0x54, 0x32, 0x10]], PngWriter.Chunk("PLTE", [.. Enumerable.Range(0, 48).Select(i => (byte)(5 * i))]), PngWriter.Chunk("tRNS", [0, 128])),
        ["png, 16 bits with alpha"] = PngWriter.Write(4, 4, 16, 6, Enumerable.Range(0, 4).Select(y => Enumerable.Range(0, 32).Select(x => (byte)(x * y)).ToArray())),
        ["jpeg"] = TestPictures.Encode(TestPictures.Smooth(40, 33), SKEncodedImageFormat.Jpeg),
        ["jpeg, turned"] = TestPictures.WithOrientation(TestPictures.Encode(TestPictures.Smooth(17, 16), SKEncodedImageFormat.Jpeg, 50), 6, bigEndian: true),
        ["webp, lossy"] = TestPictures.Encode(TestPictures.Smooth(40, 33), SKEncodedImageFormat.Webp, 80),
        ["webp, lossless"] = TestPictures.Encode(TestPictures.Random(9, 9, seed: 1), SKEncodedImageFormat.Webp, 100),
        ["gif"] = TestPictures.Gif(20, 10, 2, 1, 8, [.. Enumerable.Range(0, 64).Select(i => (byte)(i % 4))], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], transparent: 2),
        ["bmp"] = TestPictures.Bmp(TestPictures.Smooth(15, 9)),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_SurvivesEveryMutation(string kind)
    {
        var decoder = new PictureDecoder(Options);
        var random = new Random(7);
        var seed = Seeds[kind];
        var (decoded, refused) = (0, 0);
        for (var round = 0; round < MutationsPerFile; round++)
        {
            var file = Mutate(seed, random);
            try
            {
                var picture = decoder.Decode(file);
                Assert.InRange((long)picture.Width * picture.Height, 1, Options.MaxPixels);
                Assert.Equal(picture.Width * picture.Height * 3, picture.Samples.Length);
                decoded++;
            }
            catch (PictureException fault)
            {
                Assert.NotEmpty(fault.Message);
                refused++;
            }
        }

        output.WriteLine($"{kind}: {decoded} decoded, {refused} refused");
        Assert.True(refused > 0);
    }

    [Fact]
    public void Decode_SurvivesMutations_OfPicturesFromTheWild()
    {
        if (Paths.TryShared("data", "images") is not { } folder)
        {
            Assert.Skip("../shared/data/images is missing");
            return;
        }

        var decoder = new PictureDecoder(new PictureOptions { MaxPixels = 1 << 20, MaxBytes = 1 << 20 });
        var random = new Random(19);
        foreach (var file in Directory.EnumerateFiles(folder).Where(file => !file.EndsWith(".md", StringComparison.Ordinal) && new FileInfo(file).Length < 150_000).Order())
        {
            var seed = File.ReadAllBytes(file);
            for (var round = 0; round < 60; round++)
            {
                try
                {
                    Assert.InRange(decoder.Decode(Mutate(seed, random)).Samples.Length, 3, 3 << 20);
                }
                catch (PictureException fault)
                {
                    Assert.NotEmpty(fault.Message);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_RefusesAFile_CutOffWithinItsPixels(string kind)
    {
        var seed = Seeds[kind];
        var decoder = new PictureDecoder(Options);
        for (var length = 0; length < seed.Length / 2; length++)
        {
            Assert.Throws<PictureException>(() => decoder.Decode(seed.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Decode_RefusesRandomBytes_BehindEverySignature()
    {
        var decoder = new PictureDecoder(Options);
        var random = new Random(11);
        foreach (var seed in Seeds.Values)
        {
            for (var round = 0; round < 300; round++)
            {
                var file = new byte[random.Next(12, 400)];
                random.NextBytes(file);
                seed.AsSpan(0, 12).CopyTo(file);
                try
                {
                    Assert.InRange(decoder.Decode(file).Samples.Length, 3, 3 * Options.MaxPixels);
                }
                catch (PictureException)
                {
                    // What nearly all of them end in.
                }
            }
        }
    }

    [Fact]
    public void FromDataUrl_SurvivesEveryMutation()
    {
        var random = new Random(13);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 5000; round++)
        {
            var url = $"data:image/png{(round % 2 == 0 ? ";base64" : "")},{(round % 2 == 0 ? Convert.ToBase64String(Seeds["bmp"][..30]) : "%89PNG%0d%0Aabc")}".ToCharArray();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                url[random.Next(url.Length)] = "%=,;:+/aZ9 -_\0é\u2603\ud800"[random.Next(17)];
            }

            try
            {
                Assert.InRange(PictureSource.FromDataUrl(new string(url), Options).Length, 0, url.Length);
                read++;
            }
            catch (PictureException)
            {
                refused++;
            }
        }

        Assert.True(read > 100 && refused > 100, $"{read} read, {refused} refused");
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var file = (byte[])seed.Clone();
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var place = random.Next(file.Length);
            switch (random.Next(7))
            {
                case 0:
                    file[place] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[place] = (byte)random.Next(256);
                    break;
                case 2:
                    file[place] = random.Next(2) == 0 ? (byte)0xFF : (byte)0;
                    break;
                case 3 when file.Length > 20:
                    file = file[..random.Next(10, file.Length)];
                    break;
                case 4:
                    var length = random.Next(1, Math.Min(64, file.Length - place) + 1);
                    file = [.. file[..place], .. file[place..(place + length)], .. file[place..]];
                    break;
                case 5:
                    file = [.. file[..place], .. file[Math.Min(file.Length, place + random.Next(1, 32))..]];
                    break;
                default:
                    file.AsSpan(place, Math.Min(4, file.Length - place)).Fill((byte)random.Next(256));
                    break;
            }

            if (file.Length == 0)
            {
                return file;
            }
        }

        if (random.Next(2) == 0 && file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, 0x50]))
        {
            PngWriter.RepairChecksums(file);
        }

        return file;
    }
}
