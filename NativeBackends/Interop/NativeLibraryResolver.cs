using System.Reflection;
using System.Runtime.InteropServices;

namespace XLLM.NativeBackends.Interop;

/// <summary>Finds the native library, or says which paths it tried.</summary>
internal static class NativeLibraryResolver
{
    private static readonly Lazy<(nint Library, string? Missing)> Loaded = new(Load);

    /// <summary>Why there is no native library, or null where it is loaded and of this version.</summary>
    public static string? Missing => Loaded.Value.Missing;

    /// <summary>The library's name on this system, as CMake and build.sh write it.</summary>
    private static string FileName =>
        OperatingSystem.IsWindows() ? $"{NativeMethods.Library}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{NativeMethods.Library}.dylib"
        : $"lib{NativeMethods.Library}.so";

    private static (nint Library, string? Missing) Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraryResolver).Assembly, (name, _, _) => name == NativeMethods.Library ? Loaded.Value.Library : 0);

        // Beside the executable, and beside this assembly where that is elsewhere (a plug-in host).
        var folders = new[] { AppContext.BaseDirectory, Path.GetDirectoryName(typeof(NativeLibraryResolver).Assembly.Location) };
        var paths = folders.OfType<string>().Where(folder => folder.Length > 0).Select(folder => Path.GetFullPath(Path.Combine(folder, FileName))).Distinct().ToList();
        foreach (var path in paths.Where(File.Exists))
        {
            // A file that is there and does not load is another architecture's, or lacks a library: the system's words say which.
            try
            {
                var library = NativeLibrary.Load(path);
                return CheckVersion(library, path) is { } fault ? (0, fault) : (library, null);
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                return (0, $"{path} does not load: {exception.Message}");
            }
        }

        return (0, $"the native library was not built (it takes a C++ compiler at build time); tried {string.Join(", ", paths)}");
    }

    private static unsafe string? CheckVersion(nint library, string path)
    {
        if (!NativeLibrary.TryGetExport(library, "xllm_abi_version", out var export))
        {
            return $"{path} has no xllm_abi_version";
        }

        var version = ((delegate* unmanaged<int>)export)();
        return version == NativeMethods.ExpectedAbiVersion
            ? null
            : $"{path} has version {version} of the interface, this program {NativeMethods.ExpectedAbiVersion}; build both again";
    }
}
