using System.IO.MemoryMappedFiles;

namespace XLLM.Silo.Weights;

/// <summary>A file mapped into memory for reading. It stays mapped as long as anything refers to this object: weights keep it as their owner.</summary>
/// <remarks>Pages are read when they are first touched. A file that is cut short while it is mapped ends the process (SIGBUS): replace files, do not rewrite them.</remarks>
internal sealed unsafe class MappedFile
{
    private readonly MemoryMappedViewAccessor _view;

    private MappedFile(MemoryMappedViewAccessor view, long bytes)
    {
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _view = view;
        Address = (nint)(start + view.PointerOffset);
        Bytes = bytes;
    }

    /// <summary>Gives the reference of the constructor back; the view's own handle then unmaps it.</summary>
    ~MappedFile() => _view.SafeMemoryMappedViewHandle.ReleasePointer();

    /// <summary>First byte of the file.</summary>
    public nint Address { get; }

    /// <summary>Length of the file.</summary>
    public long Bytes { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="CheckpointException">It is missing, empty or may not be read.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            var bytes = new FileInfo(path).Length;
            if (bytes == 0)
            {
                throw new CheckpointException($"{path}: the file is empty");
            }

            using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
            return new MappedFile(file.CreateViewAccessor(0, bytes, MemoryMappedFileAccess.Read), bytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CheckpointException($"{path}: cannot be read: {exception.Message}", exception);
        }
    }
}
