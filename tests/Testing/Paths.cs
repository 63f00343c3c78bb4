namespace XLLM.Testing;

/// <summary>Where tests find the repository and the optional folder of shared material beside it.</summary>
public static class Paths
{
    /// <summary>The folder that holds <c>XLLM.Orleans.sln</c>.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The repository's sibling <c>shared</c>: golden checkpoints and data that are not part of the product. May be missing.</summary>
    public static string Shared { get; } = Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    /// <summary>The model that the product ships.</summary>
    public static string DemoModel { get; } = Path.Combine(Repository, "deploy", "models", "xllm-demo");

    /// <summary>The model that the product ships for pictures.</summary>
    public static string DemoVisionModel { get; } = Path.Combine(Repository, "deploy", "models", "xllm-demo-vl");

    /// <summary>A file or folder under <see cref="Shared"/>, or null where it is missing; the caller then skips and names it.</summary>
    public static string? TryShared(params string[] parts)
    {
        var path = Path.Combine([Shared, .. parts]);
        return File.Exists(path) || Directory.Exists(path) ? path : null;
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "XLLM.Orleans.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"XLLM.Orleans.sln is in no folder above {AppContext.BaseDirectory}");
    }
}
