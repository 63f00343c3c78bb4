using System.Buffers.Binary;
using System.Text;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Weights;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_FindsEveryTensor_WithItsNumbers()
    {
        new SafetensorsBuilder().Add("a", [2, 2], 1, 2, 3, 4).Add("b.weight", [3], 5, 6, 7).Add("empty", [0, 7]).Write(_folder.File("x.safetensors"));

        var file = SafetensorsFile.Open(_folder.File("x.safetensors"));

        Assert.Equal(["a", "b.weight", "empty"], file.Tensors.Keys.Order());
        Assert.Equal([1, 2, 3, 4], file.Get("a").ToFloats());
        Assert.Equal([2, 2], file.Get("a").Shape);
        Assert.Equal([5, 6, 7], file.Get("b.weight").ToFloats());
        Assert.Empty(file.Get("empty").ToFloats());
    }

    [Fact]
    public void Get_KeepsTheFileMapped_AfterTheFileObjectIsGone()
    {
        new SafetensorsBuilder().Add("a", [4], 1, 2, 3, 4).Write(_folder.File("x.safetensors"));
        var tensor = Detached(_folder.File("x.safetensors"));

        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal([1, 2, 3, 4], tensor.ToFloats());

        static HostTensor Detached(string path) => SafetensorsFile.Open(path).Get("a");
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", "not valid JSON")]
    [InlineData("[]", "not an object")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "not valid JSON")]
    [InlineData("{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", "\"a\": element type \"F99\" is unknown; known: F64, F32")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "\"a\": dimension 0 is -2")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}", "\"a\": dimension 0 is 2.5")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", "F32 [3] takes 12 bytes, but data_offsets [0, 8] hold 8")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647],\"data_offsets\":[0,8]}}", "more bytes than fit 63 bits")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "\"a\": it ends at byte 16 of the data, but the file has only 8")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "data_offsets are [8,0]")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", "data_offsets are [-8,0]")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "end at byte 4 of the data, but the file has 8")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "bytes 0 to 4 between the start and tensor \"a\" belong to no tensor")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "\"b\" begins at byte 4, inside tensor \"a\" that ends at 8")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", "its entry is not")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"extra\":1}}", "its entry is not")]
    [InlineData("{\"a\":7}", "its entry is not")]
    [InlineData("{\"__metadata__\":{\"format\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "\"__metadata__\" is not an object of strings")]
    [InlineData("{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "not valid JSON")]
    public void Open_NamesFileTensorAndNumbers_WhenTheHeaderIsWrong(string header, string expected)
    {
        var path = _folder.File("bad.safetensors");
        File.WriteAllBytes(path, SafetensorsBuilder.Raw(header, new byte[8]));

        var exception = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "the file is empty")]
    [InlineData(5, "5 bytes are no safetensors file")]
    [InlineData(40, "the header claims")]
    public void Open_SaysSo_WhenTheFileIsCutOff(int bytes, string expected)
    {
        var path = _folder.File("short.safetensors");
        File.WriteAllBytes(path, new SafetensorsBuilder().Add("a", [2], 1, 2).Build()[..bytes]);

        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000_001UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    public void Open_RefusesAnAbsurdHeaderLength_WithoutReadingIt(ulong length)
    {
        var path = _folder.File("long.safetensors");
        var file = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        File.WriteAllBytes(path, file);

        Assert.Contains($"the header claims {length} bytes, but 56 follow", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NamesThePath_WhenThereIsNoFile()
    {
        Assert.Contains("nothing.safetensors", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.File("nothing.safetensors"))).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.Path));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Parse_AcceptsOrRefusesCleanly_WhateverBytesAreDamaged(int seed)
    {
        // Whole numbers, quotes and brackets as well as any byte: mutations that keep the text near JSON go deepest.
        var random = new Random(seed);
        var whole = new SafetensorsBuilder().Add("model.a", [2, 2], 1, 2, 3, 4).Add("model.b", [3], 5, 6, 7).Add("model.c", [1], 8).Build();
        var headerBytes = (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        var header = whole[8..(8 + headerBytes)];
        var dataBytes = whole.Length - 8 - headerBytes;
        var alphabet = Encoding.ASCII.GetBytes("0123456789-{}[]\",:eF\\u ");
        var (accepted, refused) = (0, 0);

        for (var round = 0; round < 5000; round++)
        {
            var damaged = header.ToList();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                var at = random.Next(damaged.Count);
                switch (random.Next(4))
                {
                    case 0: damaged[at] = (byte)random.Next(256); break;
                    case 1: damaged[at] = alphabet[random.Next(alphabet.Length)]; break;
                    case 2: damaged.Insert(at, alphabet[random.Next(alphabet.Length)]); break;
                    default: damaged.RemoveAt(at); break;
                }
            }

            try
            {
                var places = SafetensorsHeader.Parse("file", damaged.ToArray(), dataBytes);
                Assert.Equal(dataBytes, places.Sum(place => place.End - place.Begin));
                Assert.All(places, place => Assert.InRange(place.End, place.Begin, dataBytes));
                accepted++;
            }
            catch (CheckpointException exception)
            {
                Assert.NotEmpty(exception.Message);
                refused++;
            }
        }

        Assert.True(accepted > 100 && refused > 1000, $"{accepted} accepted, {refused} refused: the mutations do not try both");
    }

    [Fact]
    public void Open_AcceptsOrRefusesCleanly_WhenTheFilesLengthIsDamaged()
    {
        var whole = new SafetensorsBuilder().Add("a", [2, 2], 1, 2, 3, 4).Build();
        var path = _folder.File("cut.safetensors");
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        }

        File.WriteAllBytes(path, [.. whole, 0]);
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
    }

    [Theory]
    [InlineData("scalellm_test.safetensors")]
    [InlineData("gptq_small.safetensors")]
    public void Open_ReadsFilesThatOthersWrote(string name)
    {
        var path = Paths.TryShared("data", "weights", "loader_fixtures", name);
        Assert.SkipWhen(path is null, $"../shared/data/weights/loader_fixtures/{name} is missing");

        Assert.NotEmpty(SafetensorsFile.Open(path!).Tensors);
    }
}
