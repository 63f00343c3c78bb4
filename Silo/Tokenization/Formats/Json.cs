using System.Text.Json;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Parses whole JSON files.</summary>
internal static class Json
{
    /// <exception cref="TokenizerException">The file is not JSON.</exception>
    public static JsonDocument Parse(Stream stream, string file)
    {
        try
        {
            return JsonDocument.Parse(stream, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException exception)
        {
            throw new TokenizerException(file, $"line {exception.LineNumber + 1}", $"is not JSON: {exception.Message}", exception);
        }
        catch (InvalidDataException exception)
        {
            throw new TokenizerException(file, "the file", exception.Message, exception);
        }
    }
}
