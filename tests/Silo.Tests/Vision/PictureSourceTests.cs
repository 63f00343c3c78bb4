using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

public sealed class PictureSourceTests
{
    private static readonly PictureOptions Options = new() { MaxBytes = 16 };

    [Theory]
    [InlineData("data:image/png;base64,iVBORw==", "89504E47")]
    [InlineData("DATA:IMAGE/PNG;BASE64,iVBORw==", "89504E47")]
    [InlineData("data:image/png;name=a.png;base64,iVBORw==", "89504E47")]
    [InlineData("data:;base64,iVBORw==", "89504E47")]
    [InlineData("data:image/png;base64,iVBORw%3D%3D", "89504E47")]
    [InlineData("data:image/png;base64,%2B%2f8%3D", "FBFF")]
    [InlineData("data:image/png,%89PNG%0D%0a", "89504E470D0A")]
    [InlineData("data:image/png;base64,", "")]
    public void FromDataUrl_ReadsTheBytes(string url, string expected) =>
        Assert.Equal(expected, Convert.ToHexString(PictureSource.FromDataUrl(url, Options)));

    [Theory]
    [InlineData("https://example.com/a.png", "only data URLs")]
    [InlineData("file:///etc/passwd", "only data URLs")]
    [InlineData("data:image/png;base64", "no comma")]
    [InlineData("data:text/html;base64,iVBORw==", "\"text/html\"")]
    [InlineData("data:image/png;base64,iVBORw", "6 characters")]
    [InlineData("data:image/png;base64,iVBO Rw=", "character 4 of the picture's base64 is U+0020")]
    [InlineData("data:image/png;base64,iV-_Rw==", "character 2 of the picture's base64 is U+002D")]
    [InlineData("data:image/png;base64,i=BORw==", "character 1 of the picture's base64 is U+003D")]
    [InlineData("data:image/png;base64,iVBORw%3", "no two hexadecimal digits")]
    [InlineData("data:image/png,ab%%%%%", "no two hexadecimal digits")]
    [InlineData("data:image/png,a b", "U+0020")]
    [InlineData("data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAA=", "17 bytes; at most 16")]
    [InlineData("data:image/png,aaaaaaaaaaaaaaaaa", "17 bytes; at most 16")]
    public void FromDataUrl_SaysWhatIsWrong(string url, string expected) =>
        Assert.Contains(expected, Assert.Throws<PictureException>(() => PictureSource.FromDataUrl(url, Options)).Message, StringComparison.Ordinal);

    [Fact]
    public void FromDataUrl_GivesBackAnyBytes_InEitherForm()
    {
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var bytes = new byte[random.Next(0, 17)];
            random.NextBytes(bytes);

            Assert.Equal(bytes, PictureSource.FromDataUrl("data:image/webp;base64," + Convert.ToBase64String(bytes), Options));
            Assert.Equal(bytes, PictureSource.FromDataUrl("data:image/webp;base64," + Uri.EscapeDataString(Convert.ToBase64String(bytes)), Options));
            Assert.Equal(bytes, PictureSource.FromDataUrl("data:image/webp," + string.Concat(bytes.Select(b => $"%{b:X2}")), Options));
        }
    }
}
